def coverage(table, gap_s):
    t = table.column("time_utc").drop_null().to_pylist()
    if not t:
        return ()
    f = lambda x: x.strftime("%Y-%m-%dT%H:%M:%S.") + f"{x.microsecond // 1000:03d}Z"
    return ((f(min(t)), f(max(t))),)
