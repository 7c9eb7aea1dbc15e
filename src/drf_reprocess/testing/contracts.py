"""What every store must do, as a class of tests; subclass it once per backend and give it a ``store`` fixture."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable

import pytest

from drf_reprocess.errors import ObjectNotFound, StorageDenied, StorageError
from drf_reprocess.storage.base import Data, Part, Store, object_key, put_object

HOSTILE_KEYS = (
    "",
    "..",
    "../outside",
    "folder/../../outside",
    "/absolute",
    "folder//name",
    "folder/",
    "./name",
    "name\n",
    "na\x00me",
    "na\x1b[31mme",
    "na\u2028me",
    "na\udcffme",
)


class StoreContract:
    """The promises of `storage.base.Store`. The fixture ``store`` gives an empty store, ``absent`` one without a root."""

    def test_what_was_written_is_read(self, store: Store) -> None:
        store.write("folder/name.txt", b"content")
        assert store.read("folder/name.txt") == b"content"
        assert store.size("folder/name.txt") == 7
        assert store.exists("folder/name.txt")

    @pytest.mark.parametrize(
        "data", [b"", bytearray(b"xy"), memoryview(b"xyz")[1:]], ids=["empty", "array", "view"]
    )
    def test_any_bytes_are_written(self, store: Store, data: bytes | bytearray | memoryview) -> None:
        store.write("name", data)
        assert store.read("name") == bytes(data)

    def test_writing_replaces(self, store: Store) -> None:
        store.write("name", b"first, and longer")
        store.write("name", b"second")
        assert store.read("name") == b"second"

    def test_what_is_absent_is_not_found(self, store: Store) -> None:
        store.write("folder/name", b"x")
        calls: tuple[Callable[[str], object], ...] = (store.read, store.size, store.info)
        for key in ("none", "folder/none"):
            assert not store.exists(key)
            for call in calls:
                with pytest.raises(ObjectNotFound, match="none"):
                    call(key)
        with pytest.raises(ObjectNotFound, match="none"):
            store.read_range("none", 0, 1)
        with pytest.raises(ObjectNotFound, match="none"):
            store.link("none", "other")
        with pytest.raises(ObjectNotFound, match="none"):
            store.compose("other", [Part("none", 0, 1)])
        assert not store.exists("other")

    def test_a_folder_is_no_object(self, store: Store) -> None:
        store.write("folder/name", b"x")
        assert not store.exists("folder")
        with pytest.raises(ObjectNotFound, match="folder"):
            store.info("folder")

    @pytest.mark.parametrize("key", HOSTILE_KEYS, ids=[f"{key!r}" for key in HOSTILE_KEYS])
    def test_no_key_leads_out_of_the_root(self, store: Store, key: str) -> None:
        store.write("inside", b"x")
        calls: tuple[Callable[[], object], ...] = (
            lambda: store.uri(key),
            lambda: store.read(key),
            lambda: store.read_range(key, 0, 1),
            lambda: store.exists(key),
            lambda: store.write(key, b"x"),
            lambda: store.write_once(key, b"x"),
            lambda: store.link("inside", key),
            lambda: store.link(key, "target"),
            lambda: store.compose(key, [b"x"]),
            lambda: store.compose("target", [Part(key, 0, 1)]),
            lambda: store.remove(key),
        )
        for call in calls:
            with pytest.raises(StorageDenied, match="refused the name"):
                call()
        assert [found.name for found in store.list()] == ["inside"]

    @pytest.mark.parametrize("key", ["a b", "a[1]*?.txt", "a#b%20c", "ä", "a.b-c_d", "..a", "a..", "50%"])
    def test_strange_but_plain_names_work(self, store: Store, key: str) -> None:
        store.write(f"{key}/{key}", b"content")
        assert [found.name for found in store.list()] == [f"{key}/{key}"]
        assert store.read(f"{key}/{key}") == b"content"
        store.link(f"{key}/{key}", "copy")
        store.remove_tree(key)
        assert [found.name for found in store.list()] == ["copy"]

    def test_ranges(self, store: Store) -> None:
        store.write("name", b"0123456789")
        assert store.read_range("name", 2, 5) == b"234"
        assert store.read_range("name", 0, 10) == b"0123456789"
        assert store.read_range("name", 4, 4) == b""
        assert store.read_range("name", 8, 99) == b"89"
        assert store.read_range("name", 10, 12) == b""
        assert store.read_range("name", 50, 60) == b""
        for start, end in ((-1, 2), (3, 2)):
            with pytest.raises(ValueError, match="not a byte range"):
                store.read_range("name", start, end)
            with pytest.raises(ValueError, match="not a byte range"):
                store.compose("target", [Part("name", start, end)])

    def test_a_listing_is_sorted_by_name_and_recursive(self, store: Store) -> None:
        names = ["a.b", "a/b", "a/b.c", "a/c/d", "a0", "b", "B", "z/ä", "z/z"]
        for name in reversed(names):
            store.write(name, name.encode())
        found = list(store.list())
        assert [entry.name for entry in found] == sorted(names)
        assert [entry.bytes for entry in found] == [len(name.encode()) for name in sorted(names)]
        assert all(entry.uri == store.uri(entry.name) for entry in found)
        assert all(entry.mtime_ns > 1_600_000_000_000_000_000 for entry in found)

    def test_a_listing_agrees_with_info(self, store: Store) -> None:
        store.write("a/b", b"content")
        assert list(store.list()) == [store.info("a/b")]

    def test_a_prefix_is_a_folder(self, store: Store) -> None:
        for name in ("a", "ab", "b/c", "b/d/e", "bc/d"):
            store.write(name, b"x")
        for prefix in ("b", "b/"):
            assert [found.name for found in store.list(prefix)] == ["b/c", "b/d/e"]
        assert [found.name for found in store.list("a")] == ["a"]
        assert list(store.list("none")) == []

    def test_a_listing_is_never_remembered(self, store: Store) -> None:
        store.write("a/b", b"x")
        assert [found.name for found in store.list("a")] == ["a/b"]
        other: Store = pickle.loads(pickle.dumps(store))
        other.write("a/c", b"x")
        assert [found.name for found in store.list("a")] == ["a/b", "a/c"]

    def test_a_root_that_does_not_exist_is_not_found(self, absent: Store) -> None:
        with pytest.raises(ObjectNotFound, match="cannot list"):
            list(absent.list())
        assert list(absent.list("folder")) == []
        assert not absent.exists("name")

    def test_an_immutable_object_is_written_once(self, store: Store) -> None:
        store.write_once("name", b"first")
        before = store.info("name")
        store.write_once("name", b"again")
        assert store.read("name") == b"first"
        assert store.info("name") == before
        with pytest.raises(StorageError, match="never overwritten"):
            store.write_once("name", b"of another size")
        assert store.read("name") == b"first"

    def test_only_one_writer_creates(self, store: Store) -> None:
        assert store.create("folder/name", b"first")
        other: Store = pickle.loads(pickle.dumps(store))
        assert not other.create("folder/name", b"other")
        assert store.read("folder/name") == b"first"
        assert [found.name for found in store.list()] == ["folder/name"]
        store.remove("folder/name")
        assert other.create("folder/name", b"other")

    def test_tidying_takes_nothing_away_that_is_finished(self, store: Store) -> None:
        store.write("folder/name", b"content")
        store.tidy(store.info("folder/name").mtime_ns + 10**9)
        assert store.read("folder/name") == b"content"

    def test_an_object_is_named_by_its_sha256(self, store: Store) -> None:
        stored = put_object(store, b"content")
        assert stored == put_object(store, b"content")
        assert stored.sha256 == hashlib.sha256(b"content").hexdigest()
        assert stored.md5 == hashlib.md5(b"content").hexdigest()
        assert stored.bytes == 7
        assert store.read(object_key(stored.sha256)) == b"content"
        assert object_key(stored.sha256) == f"store/{stored.sha256[:2]}/{stored.sha256}"

    def test_a_link_replaces_what_stood_there(self, store: Store) -> None:
        store.write_once("store/first", b"first")
        store.write_once("store/second", b"second")
        for _ in range(2):
            store.link("store/first", "view/name")
        assert store.read("view/name") == b"first"
        store.link("store/second", "view/name")
        assert store.read("view/name") == b"second"
        store.remove("view/name")
        assert store.read("store/second") == b"second"
        assert [found.name for found in store.list()] == ["store/first", "store/second"]

    def test_writing_over_a_link_leaves_its_source_alone(self, store: Store) -> None:
        store.write_once("source", b"source")
        store.link("source", "view")
        store.write("view", b"other")
        assert store.read("source") == b"source"

    def test_removing_twice_is_harmless(self, store: Store) -> None:
        store.write("a/b", b"x")
        for _ in range(2):
            store.remove("a/b")
        assert not store.exists("a/b")
        assert list(store.list("a")) == []

    def test_a_tree_is_removed_and_nothing_beside_it(self, store: Store) -> None:
        for name in ("a/b", "a/c/d", "ab", "a.b"):
            store.write(name, b"x")
        for _ in range(2):
            store.remove_tree("a")
        assert [found.name for found in store.list()] == ["a.b", "ab"]
        store.remove_tree("ab")
        assert [found.name for found in store.list()] == ["a.b"]
        with pytest.raises(StorageDenied, match="refused the name"):
            store.remove_tree("")

    def test_an_object_is_composed_of_ranges_and_bytes(self, store: Store) -> None:
        store.write("one", b"0123456789")
        store.write("two", b"abcdefghij")
        parts: list[Part | Data] = [
            b"<",
            Part("one", 2, 5),
            Part("two", 0, 3),
            Part("one", 5, 5),
            bytearray(b"-"),
            Part("one", 0, 2),
            b">",
        ]
        store.compose("folder/whole", parts)
        assert store.read("folder/whole") == b"<234abc-01>"
        store.compose("folder/whole", [])
        assert store.read("folder/whole") == b""

    def test_a_big_object_is_composed(self, store: Store) -> None:
        block = bytes(range(256)) * 4096 * 9
        store.write("block", block)
        size = len(block)
        store.compose(
            "whole", [Part("block", 1, size), Part("block", 0, size), b"end", Part("block", size - 5, size)]
        )
        expected = block[1:] + block + b"end" + block[-5:]
        assert store.size("whole") == len(expected)
        assert hashlib.sha256(store.read("whole")).digest() == hashlib.sha256(expected).digest()

    def test_a_range_past_the_end_composes_nothing(self, store: Store) -> None:
        store.write("one", b"0123456789")
        with pytest.raises(StorageError, match="it ends at 10"):
            store.compose("whole", [b"x" * 20_000_000, Part("one", 5, 11)])
        assert [found.name for found in store.list()] == ["one"]

    def test_a_store_pickles(self, store: Store) -> None:
        store.write("name", b"content")
        copy: Store = pickle.loads(pickle.dumps(store))
        assert copy == store
        assert copy.root == store.root
        assert copy.read("name") == b"content"
        assert hash(copy) == hash(store)
