"""PAN and GSTIN: canonical form, check digit, the states that the library lacks."""

import pytest

from application.tax_numbers import parse_gstin, parse_pan


@pytest.mark.parametrize("text", ["ACUPA7085R", "acupa7085r", "ACUPA 7085-R"])
def test_pan_is_stored_in_upper_case_without_separators(text: str) -> None:
    assert parse_pan(text) == "ACUPA7085R"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ACUPA7085",
        "ACUPA7085RR",
        "ACUXA7085R",  # no kind of holder has an X
        "ACUPA0000R",
        "ACUPA７０８５R",
        "ACUPA7085R\n",
        "ACUPA–7085R",
        "ßCUPA7085",
    ],
)
def test_no_pan_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (ValueError is what it promises)
        parse_pan(text)


@pytest.mark.parametrize("text", ["27AAPFU0939F1ZV", "27aapfu0939f1zv", "27 AAPFU0939F 1ZV"])
def test_gstin_is_stored_in_upper_case_without_separators(text: str) -> None:
    assert parse_gstin(text) == "27AAPFU0939F1ZV"


@pytest.mark.parametrize("text", ["38AAPFU0939F1ZS", "97AAPFU0939F1ZO"])
def test_gstin_of_ladakh_and_of_other_territory_is_accepted(text: str) -> None:
    assert parse_gstin(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "27AAPFU0939F1ZO",  # wrong check digit
        "38AAPFU0939F1ZV",  # wrong check digit
        "00AAPFU0939F1ZB",  # no state has this code
        "38AAPXU0939F1ZR",  # no PAN inside
        "38AAPFU0939F0ZT",  # registrations are counted from 1
        "27AAPFU0939F1Z",
        "２７AAPFU0939F1ZV",
        "369296450896540",
    ],
)
def test_no_gstin_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (ValueError is what it promises)
        parse_gstin(text)
