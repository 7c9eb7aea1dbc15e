"""Package formats: zip and tar.gz as bytes, member by member; pure functions."""

from drf_reprocess.archives.base import PackageFormat
from drf_reprocess.archives.tar_gz import TarGzFormat
from drf_reprocess.archives.zip import ZipFormat
from drf_reprocess.errors import PackageError

FORMATS: dict[str, PackageFormat] = {form.name: form for form in (ZipFormat(), TarGzFormat())}


def package_format(name: str) -> PackageFormat:
    """Return the package format of that name, which is also the end of a package's file name.

    Raises
    ------
    PackageError
        If there is none.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise PackageError(f"no package format {name!r}; expected one of {', '.join(FORMATS)}") from None


__all__ = ["FORMATS", "PackageFormat", "package_format"]
