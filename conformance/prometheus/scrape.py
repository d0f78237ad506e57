"""Scrapes an address as Prometheus does, and reads the answer with the official client's parsers: one line of JSON.

    scrape.py ADDRESS
"""

import json
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

request = urllib.request.Request(
    sys.argv[1],
    headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    kind, text = answer.headers["Content-Type"], answer.read().decode()


def told(families):
    return {
        sample.name + json.dumps(dict(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


strict, loose = told(openmetrics(text)), told(prometheus(text))
print(
    json.dumps(
        {
            "kind": kind,
            "families": sorted(family.name for family in openmetrics(text)),
            "helped": all(family.documentation for family in openmetrics(text)),
            "same": strict == loose,
            "samples": strict,
        }
    )
)
