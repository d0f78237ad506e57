"""Reads a table of records with pyarrow, pandas, DuckDB and Polars: one line of JSON for each.

    read_table.py FOLDER_OF_THE_STREAM

The table has the columns number, score and answers.
"""

import json
import sys

import duckdb
import pandas
import polars
import pyarrow.compute
import pyarrow.dataset

folder = sys.argv[1]
files = f"{folder}/**/*.parquet"


def tell(reader, rows, numbers, scores, answers, first, last):
    print(
        json.dumps(
            {
                "reader": reader,
                "rows": int(rows),
                "numbers": int(numbers),
                "scores": round(float(scores), 6),
                "answers": int(answers),
                "first": first,
                "last": last,
            }
        )
    )


def stamp(time):
    return pandas.Timestamp(time).tz_convert("UTC").isoformat()


dataset = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive", exclude_invalid_files=True)
table = dataset.to_table()
tell(
    "pyarrow",
    table.num_rows,
    pyarrow.compute.sum(table["number"]).as_py(),
    pyarrow.compute.sum(table["score"]).as_py(),
    pyarrow.compute.sum(pyarrow.compute.list_value_length(table["answers"])).as_py(),
    stamp(pyarrow.compute.min(table["time"]).as_py()),
    stamp(pyarrow.compute.max(table["time"]).as_py()),
)

frame = pandas.concat(pandas.read_parquet(path) for path in dataset.files)
tell(
    "pandas",
    len(frame),
    frame["number"].sum(),
    frame["score"].sum(),
    frame["answers"].map(len).sum(),
    stamp(frame["time"].min()),
    stamp(frame["time"].max()),
)

duckdb.sql("SET TimeZone = 'UTC'")
rows, numbers, scores, answers, first, last = duckdb.sql(
    "SELECT count(*), sum(number), sum(score), sum(len(answers)), min(time)::VARCHAR, max(time)::VARCHAR "
    f"FROM read_parquet('{files}', hive_partitioning = true) WHERE date >= '2000-01-01'"
).fetchall()[0]
tell("duckdb", rows, numbers, scores, answers, stamp(first), stamp(last))

lazy = polars.scan_parquet(files, hive_partitioning=True)
rows, numbers, scores, answers, first, last = (
    lazy.select(
        polars.len(),
        polars.col("number").sum().alias("numbers"),
        polars.col("score").sum().alias("scores"),
        polars.col("answers").list.len().sum().alias("answers"),
        polars.col("time").min().alias("first"),
        polars.col("time").max().alias("last"),
    )
    .collect()
    .row(0)
)
tell("polars", rows, numbers, scores, answers, stamp(first), stamp(last))
