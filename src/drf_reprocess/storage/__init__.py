"""Storage: whole-object reads and atomic writes behind one protocol."""

from drf_reprocess.storage.base import Part, Store, object_key, open_store, put_object

__all__ = ["Part", "Store", "object_key", "open_store", "put_object"]
