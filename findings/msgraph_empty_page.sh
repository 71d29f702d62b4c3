#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# msgraph-core 1.5.2: PageIterator ends a listing at the first page without records, although more pages follow.
#
# What happens: a page of applications has no records and an @odata.nextLink. PageIterator.iterate() returns there,
#   without an error, and the applications of the pages that follow are never seen.
# Expected: the iterator goes on until there is no @odata.nextLink. The page "Paging Microsoft Graph data in your app"
#   says that a page may have no results, and that a client continues until that link is gone.
# Source: msgraph_core/tasks/page_iterator.py: enumerate() returns False for a page without records, and iterate()
#   takes that for the callback's wish to stop. The same fault was fixed in the JavaScript SDK: issue 129 of
#   microsoftgraph/msgraph-sdk-javascript, 2018.
# Who meets it: who watches the ends of client secrets of many applications, by name or by filter, with this client or
#   with msgraph-sdk 1.65.0, which is built on it (tried). The list is shorter than the tenant's, and nothing says so:
#   what expires on a later page is the outage.
# What to do: follow odata_next_link in a loop of one's own, with client.applications.with_url(link).get().
#   entra_app_info follows each link until there is none, whether a page has records or not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    msgraph-core==1.5.2 microsoft-kiota-http==1.16.0 microsoft-kiota-abstractions==1.16.0 \
    microsoft-kiota-serialization-json==1.16.0

cat > "$folder/run.py" << 'PYTHON'
import asyncio
import http.server
import importlib.metadata
import json
import sys
import threading
import urllib.parse

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable, ParseNodeFactoryRegistry
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph_core import BaseGraphRequestAdapter
from msgraph_core.tasks.page_iterator import PageIterator

ParseNodeFactoryRegistry().CONTENT_TYPE_ASSOCIATED_FACTORIES["application/json"] = JsonParseNodeFactory()
PAGES = [["app-1"], [], ["app-2"]]


class Graph(http.server.BaseHTTPRequestHandler):
    """Three pages of applications, of which the second is empty."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        number = int(query.get("$skiptoken", ["0"])[0])
        body = {"value": [{"appId": name} for name in PAGES[number]]}
        if number + 1 < len(PAGES):
            body["@odata.nextLink"] = f"http://{self.headers['Host']}/v1.0/applications?$skiptoken={number + 1}"
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


class Application(Parsable):
    """The ID of an application, as a generated client reads it."""

    app_id = None

    @staticmethod
    def create_from_discriminator_value(parse_node):
        return Application()

    def get_field_deserializers(self):
        return {"appId": lambda node: setattr(self, "app_id", node.get_str_value())}

    def serialize(self, writer):
        raise NotImplementedError


class Applications(Parsable):
    """A page of applications, as a generated client reads it."""

    def __init__(self):
        self.value, self.odata_next_link = None, None

    @staticmethod
    def create_from_discriminator_value(parse_node):
        return Applications()

    def get_field_deserializers(self):
        return {
            "value": lambda node: setattr(self, "value", node.get_collection_of_object_values(Application)),
            "@odata.nextLink": lambda node: setattr(self, "odata_next_link", node.get_str_value()),
        }

    def serialize(self, writer):
        raise NotImplementedError


async def read(adapter, url):
    asked = RequestInformation()
    asked.http_method, asked.url = Method.GET, url
    return await adapter.send_async(asked, Applications, {})


async def both_ways(port):
    adapter = BaseGraphRequestAdapter(AnonymousAuthenticationProvider())
    page = await read(adapter, f"http://127.0.0.1:{port}/v1.0/applications")
    iterated, followed = [], []
    await PageIterator(page, adapter).iterate(lambda application: iterated.append(application.app_id) or True)
    while page:
        followed += [application.app_id for application in page.value]
        page = await read(adapter, page.odata_next_link) if page.odata_next_link else None
    return iterated, followed


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Graph)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("msgraph-core", importlib.metadata.version("msgraph-core"))
iterated, followed = asyncio.run(both_ways(server.server_address[1]))
print("PageIterator sees", iterated)
print("Following each link sees", followed)
if (iterated, followed) != (["app-1"], ["app-1", "app-2"]):
    sys.exit("Changed: PageIterator no longer ends at the empty page.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
