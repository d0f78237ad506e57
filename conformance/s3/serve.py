"""Moto's S3 server with an empty bucket, until the standard input ends.

    serve.py BUCKET

Prints the server's address when it is ready.
"""

import json
import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://127.0.0.1:{port}"
boto3.client(
    "s3",
    endpoint_url=address,
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="secret",
).create_bucket(Bucket=sys.argv[1])
print(json.dumps({"address": address}), flush=True)
sys.stdin.read()
server.stop()
