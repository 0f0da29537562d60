"""The fifteen holes of the specification, built naively: a test for each, which fails when it is put back."""
