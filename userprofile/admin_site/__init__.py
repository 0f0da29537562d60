"""The admin's own site: who comes in, who goes out, and the first page."""
