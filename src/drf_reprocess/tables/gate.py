import io

import pyarrow.parquet as pq

from drf_reprocess.model import Finding, Severity


def hold_reasons(former, fc, new, nc, gate):
    a = pq.ParquetFile(io.BytesIO(former)).metadata.num_rows
    b = pq.ParquetFile(io.BytesIO(new)).metadata.num_rows
    if b < a * (1 - gate.records_lost):
        return (Finding("records-lost", Severity.ERROR, f"{b} records, {a} before"),)
    return ()
