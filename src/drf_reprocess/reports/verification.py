"""Verification of a package from anywhere: no configuration, no catalog."""

from __future__ import annotations

from drf_reprocess.errors import ConfigurationError, ObjectNotFound
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages.verify import verify_package
from drf_reprocess.storage.base import open_store


def verify_file(package: str, xml_catalog: str | None, profile: str) -> dict[str, object]:
    """Verify the package at a path or URI, with the manifests beside it or inside it; return the verdicts.

    ``profile`` names the mission whose registered context products labels may refer to.

    Raises
    ------
    ConfigurationError
        If there is no such package.
    """
    folder, separator, name = package.rpartition("/")
    store = open_store(folder if separator else ".")
    if not store.exists(name):
        raise ConfigurationError(f"no package at {package}") from ObjectNotFound(package)
    mission = load_profile(profile)
    report = verify_package(
        store, name, xml_catalog=xml_catalog, registered=mission.context.registered, profile=mission
    )
    return {
        "package": report.package,
        "status": "ok" if report.ok else "failed",
        "members": report.members,
        "products": report.products,
        "labels_checked": report.labels_checked,
        "faults": [
            {"path": entry.path, "verdict": str(entry.verdict), "message": entry.message}
            for entry in report.entries
        ],
        "not_checked": list(report.not_checked),
    }
