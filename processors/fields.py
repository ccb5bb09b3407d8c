"""What single values must be: ids, money, currencies, zones. A check gives the normalised value or raises BadValue."""

import re
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

LONGEST_ID = 128
GREATEST_VERSION = 2**43 - 1
GREATEST_ATTEMPT = 1_000_000

GREATEST_KEY = 1024
GREATEST_VALUE = 64 * 1024
"""Bytes of a fact record's key and value; topics take more, so that what is too large can be rejected, not lost."""

_AMOUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,6})?")

# ISO 4217, the codes in use and those withdrawn since 2000 (old sales may still be restated).
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BYR BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CYP CZK DJF DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MTL MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
    NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR ROL RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SIT SKK SLE SLL SOS SRD SSP
    STD STN SVC SYP SZL THB TJS TMT TND TOP TRL TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VEF VES VND VUV WST
    XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMK ZMW ZWG ZWL
"""
_CURRENCIES = frozenset(_CODES.split())


class BadValue(ValueError):
    """A value of the right type that may not stand; the text says why, without repeating the value."""


def is_id(text: str) -> bool:
    """1 to 128 printable code points, no blank at either end, no ``|`` (which joins ids in keys)."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and text[0] != " " and text[-1] != " " and "|" not in text


def check_id(text: str) -> str:
    """The id as it is."""
    if not is_id(text):
        raise BadValue("is no id: 1 to 128 printable characters, no blank at either end, no |")
    return text


def check_operator(text: str) -> str:
    """An operator's id, which may not begin with the sign of a campaign's own attempts."""
    if text.startswith("@"):
        raise BadValue("begins with @, which is kept for attempts without an operator")
    return check_id(text)


def check_amount(text: str) -> str:
    """Decimal text without sign or exponent (18 digits, 6 decimals at most), normalised: ``100.50`` gives ``100.5``."""
    if not _AMOUNT.fullmatch(text):
        raise BadValue("is no amount: digits with at most six decimals, no sign, no exponent, such as 1250.00")
    return money_text(Decimal(text))


def money_text(amount: Decimal) -> str:
    """Plain decimal text of an amount without superfluous zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def check_currency(text: str) -> str:
    """A code of ISO 4217 in capitals."""
    if text not in _CURRENCIES:
        raise BadValue("is no currency code of ISO 4217, such as EUR")
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_zone(text: str) -> str:
    """The IANA name of a time zone."""
    if text not in _zones():
        raise BadValue("is no IANA time zone, such as Europe/Paris")
    return ZoneInfo(text).key
