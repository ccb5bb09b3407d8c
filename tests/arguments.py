"""What the makefile's commands take: anything else ends them with a line, before a server is started."""

import argparse
from collections.abc import Callable, Mapping
from typing import TypeVar

Number = TypeVar("Number", int, float)
One = TypeVar("One")


def at_least(least: Number) -> Callable[[str], Number]:
    """For argparse: numbers of the kind of ``least``, from it on."""
    kind = type(least)

    def number(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not value >= least:  # nor nan
            word = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(f"{text!r} is no {word} from {least} on")
        return value

    return number


def some_of(known: Mapping[str, One]) -> Callable[[str], list[One]]:
    """For argparse: names of these with commas between; what they name, in the order in which they are known."""

    def chosen(text: str) -> list[One]:
        names = text.split(",")
        if unknown := set(names) - known.keys():
            raise argparse.ArgumentTypeError(f"{min(unknown)} is unknown; known are {', '.join(known)}")
        return [one for name, one in known.items() if name in names]

    return chosen
