from __future__ import annotations

import pytest

from drf_reprocess.errors import ObjectNotFound
from drf_reprocess.storage import Part, Store, open_store
from drf_reprocess.testing.contracts import StoreContract


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, s3_bucket: str, s3_options: dict[str, object]) -> Store:
        return open_store(f"s3://{s3_bucket}/mission/output", s3_options)

    @pytest.fixture
    def absent(self, s3_options: dict[str, object]) -> Store:
        return open_store("s3://no-such-bucket/output", s3_options)

    def test_a_bucket_can_be_a_root(self, s3_bucket: str, s3_options: dict[str, object]) -> None:
        store = open_store(f"s3://{s3_bucket}/", s3_options)
        with pytest.raises(ObjectNotFound, match="nothing below it"):
            list(store.list())
        store.write("name", b"x")
        store.write("folder/name", b"x")
        assert [found.name for found in store.list()] == ["folder/name", "name"]
        assert store.info("name").uri == f"s3://{s3_bucket}/name"

    def test_an_entity_tag_is_the_version(self, store: Store) -> None:
        store.write("name", b"first")
        before = store.info("name")
        store.write("name", b"other")
        assert before.version
        assert '"' not in before.version
        assert store.info("name").version != before.version

    def test_a_listing_of_many_pages_is_complete(self, store: Store) -> None:
        names = [f"folder{number % 3}/{number:04d}" for number in range(1203)]
        for name in names:
            store.write(name, b"")
        assert [found.name for found in store.list()] == sorted(names)
        store.remove_tree("folder1")
        assert [found.name for found in store.list()] == sorted(
            n for n in names if not n.startswith("folder1")
        )

    def test_folders_made_by_hand_are_no_objects(self, store: Store, s3_options: dict[str, object]) -> None:
        import s3fs

        store.write("folder/name", b"x")
        fs = s3fs.S3FileSystem(**s3_options)
        bucket, _, prefix = store.root.removeprefix("s3://").partition("/")
        fs.call_s3("put_object", Bucket=bucket, Key=f"{prefix}/folder/", Body=b"")
        assert [found.name for found in store.list()] == ["folder/name"]

    def test_no_upload_is_left_open_after_a_failure(
        self, store: Store, s3_options: dict[str, object]
    ) -> None:
        import s3fs

        with pytest.raises(ObjectNotFound, match="none"):
            store.compose("whole", [b"x" * 40_000_000, Part("none", 0, 1)])
        assert not store.exists("whole")
        bucket = store.root.removeprefix("s3://").partition("/")[0]
        uploads = s3fs.S3FileSystem(**s3_options).call_s3("list_multipart_uploads", Bucket=bucket)
        assert not uploads.get("Uploads")

    def test_the_key_is_in_no_text(self, s3_endpoint: str) -> None:
        options = {
            "key": "PLANTEDKEY",
            "secret": "PLANTEDSECRET",
            "client_kwargs": {"endpoint_url": s3_endpoint},
        }
        store = open_store("s3://no-such-bucket/output", options)
        with pytest.raises(ObjectNotFound, match="no-such-bucket") as caught:
            store.read("name")
        assert "PLANTED" not in f"{store!r} {store.root} {store.uri('name')} {caught.value}"
