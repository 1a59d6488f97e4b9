"""Units of measure by what they measure and how large they are, through `pint`.

Body weight and body surface keep their own dimension (mg/kg is not a bare number). Not here: finding quantities in
text (`quantities`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

TIME_UNITS = {
    "second": ("s", "sec", "secs", "second", "seconds"),
    "minute": ("min", "mins", "minute", "minutes"),
    "hour": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("w", "wk", "wks", "week", "weeks"),
    "month": ("month", "months", "mth", "mths"),
    "year": ("y", "yr", "yrs", "year", "years"),
}
_OTHER_UNITS = {
    "microgram": ("microgram", "micrograms", "mcg", "ug"),
    "nanogram": ("ng", "nanogram", "nanograms"),
    "milligram": ("mg", "mgs", "milligram", "milligrams", "milligramme", "milligrammes"),
    "gram": ("g", "gram", "grams", "gramme", "grammes"),
    "kilogram": ("kg", "kgs", "kilogram", "kilograms", "kilo", "kilos"),
    "microliter": ("microlitre", "microlitres", "microliter", "microliters", "ul"),
    "milliliter": ("ml", "mls", "millilitre", "millilitres", "milliliter", "milliliters"),
    "deciliter": ("dl", "decilitre", "deciliter"),
    "liter": ("l", "litre", "litres", "liter", "liters"),
    "meter ** 2": ("m2",),
    "meter": ("m", "metre", "metres", "meter", "meters"),
    "centimeter": ("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    "millimeter": ("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
    "micrometer": ("um",),
    "nanometer": ("nm",),
    "mole": ("mol", "mole", "moles"),
    "millimole": ("mmol", "millimole", "millimoles"),
    "micromole": ("umol", "micromole", "micromoles"),
    "nanomole": ("nmol", "nanomole", "nanomoles"),
    "millimeter_Hg": ("mmhg",),
    "degC": ("°c",),
    "degF": ("°f",),
    "international_unit": ("iu", "unit", "units"),
    "percent": ("%", "percent", "per cent"),
    "fold": ("fold", "times"),
    "mile": ("mile", "miles"),
    "kilometer": ("km", "kilometre", "kilometres", "kilometer", "kilometers"),
}
NAMES: dict[str, str] = {
    spelling: name
    for table in (TIME_UNITS, _OTHER_UNITS)
    for name, spellings in table.items()
    for spelling in spellings
}
"""Written unit (lower case, micro as u) to pint's name for it."""

UNIT_PATTERN = f"(?:{'|'.join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))})(?![a-z0-9])"
_OWN_UNITS = ("percent = 0.01", "fold = [fold]", "international_unit = [activity_unit]")
_OFFSET_UNITS = frozenset({"degC", "degF"})


@lru_cache(maxsize=1)
def _registry() -> UnitRegistry[float]:
    import pint  # here, since building its registry takes half a second

    registry: UnitRegistry[float] = pint.UnitRegistry(cache_folder=None, on_redefinition="ignore")
    for definition in _OWN_UNITS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=512)
def measure(name: str) -> tuple[str, float]:
    """What one written unit measures, and its size in base units: ("[mass]", 1e-06) for "mg".

    `name` is a key of `NAMES`. Temperatures keep their scale: they are not converted.
    """
    unit = NAMES[name]
    if unit in _OFFSET_UNITS:
        return unit, 1.0
    quantity = _registry().Quantity(1.0, unit).to_base_units()
    dimension = str(quantity.dimensionality)
    return ("fraction" if dimension == "dimensionless" else dimension), float(quantity.magnitude)
