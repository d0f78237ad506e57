"""Reads a table of records from a bucket with pyarrow, and says what lies there with boto3: one line of JSON.

    read_table.py ADDRESS BUCKET PREFIX

The table has the columns number and score.
"""

import json
import sys

import boto3
import pyarrow.compute
import pyarrow.dataset
import pyarrow.fs

address, bucket, prefix = sys.argv[1:]
files = pyarrow.fs.S3FileSystem(
    access_key="key",
    secret_key="secret",
    region="us-east-1",
    scheme="http",
    endpoint_override=address.removeprefix("http://"),
)
table = pyarrow.dataset.dataset(
    f"{bucket}/{prefix}",
    filesystem=files,
    format="parquet",
    partitioning="hive",
    exclude_invalid_files=True,
).to_table()
client = boto3.client(
    "s3",
    endpoint_url=address,
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="secret",
)
keys = [entry["Key"] for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket) for entry in page["Contents"]]
print(
    json.dumps(
        {
            "rows": table.num_rows,
            "numbers": pyarrow.compute.sum(table["number"]).as_py(),
            "keys": sorted(keys),
        }
    )
)
