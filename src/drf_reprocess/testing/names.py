"""Names and folders of sample files, in the forms that the mission and its science data center use (SIS 5.1.2)."""

from __future__ import annotations

from datetime import date

DRF_FORMS = {
    "usual": "sci_anc_{type}{yy}_{first}_{last}.drf",
    "underscore": "sci_anc_{type}_{yy}_{first}_{last}.drf",
    "century": "sci_anc_{type}_{yyyy}_{first}_{last}.drf",
    "manual": "sci_anc_{type}{yy}_{first}_{last}_manual.drf",
    "mvn": "mvn_{type}{yy}_{first}_{last}.drf",
}
IMU_FORMS = {"usual": "mvn_imu{yy}_{first}_{last}.txt", "dat": "mvn_imu{yy}_{first}_{last}.dat"}


def file_name(type_name: str, first: date, last: date, form: str = "usual") -> str:
    """Return the name of the file that the mission would give for ``first`` to ``last``; the year is that of ``first``."""
    forms = IMU_FORMS if type_name == "imu" else DRF_FORMS
    return forms[form].format(
        type=type_name,
        yy=f"{first.year % 100:02d}",
        yyyy=f"{first.year:04d}",
        first=f"{first.timetuple().tm_yday:03d}",
        last=f"{last.timetuple().tm_yday:03d}",
    )


def file_path(type_name: str, day: date, name: str) -> str:
    """Return where a file lies below the sample's root: a folder for each type, in it one for each year."""
    return f"{type_name}/{day.year:04d}/{name}"
