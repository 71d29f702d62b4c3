# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: simulated clusters, contenders that do the same work on them, and goals. Data alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Values = dict[str, Any]

# The issue, our contender and its figure, the limit. A ratio is of the sum of the peers' figures, each multiplied
# up to as many items as ours has. Any other limit is of a difference, or of the figure itself.
GOALS = """
23  akv_config as a module:task ≤ 1.10 × uri:task
23  akv_config as a module:task ≤ 1 × na_ontap_restit:task
23  loop of akv_config:task ≤ 0.035 × loop of uri:task
23  loop of akv_config:task ≤ 1.25 × loop of debug:task + akv_config's requests alone:task
21  loop of akv_config:task ≤ 1.02 × loop of akv_config, older:task
23  akv_config of 1,000:task ≤ 0.0015 × loop of uri:task
22  akv_config of 1,000:task ≤ 1.05 × akv_config of 1,000, older:task
23  akv_info of 10,000:task ≤ 0.6 × akv_info of 10,000, older:task
23  akv_info of 10,000 as a module:memory ≤ 66 MB + Python with requests:memory
21  akv_info in pages of 1,000:memory ≤ 1 × akv_info in pages of 1,000, older:memory
24  rotation of 4 × 50:run ≤ 1.3 × rotation of 1 × 50:run
24  rotation of 200, 20 ms:task ≤ 0.05 × na_ontap_restit, GET and PATCH, 20 ms:task
24  diagnosis of 50 clusters:run ≤ 1.5 × akv_info on 50 clusters:run
24  10,000 looks of a rotation:memory ≤ 1 MB
25  estate of 200 × 5:run ≤ 0.08 × loops of na_ontap_restit × 5:run
25  estate of 200 × 5:requests ≤ 1 a cluster
25  estate of 1 × 1,000:run ≤ 1.3 × the estate's requests alone:task + empty playbook:run
26  loop of akv_key_info:task ≤ 1.3 × loop of debug:task + akv_key_info's requests alone:task
26  loop of akv_key_info:task ≤ 0.5 × Microsoft's clients:run
26  entra_app_info of 50:task ≤ 1.3 × entra_app_info's requests alone:task
27  akv_info with 10,000 keys:task ≤ 1.3 × its keys' requests alone:task
27  akv_info with 10,000 keys as a module:memory ≤ 80 MB + Python with requests:memory
28  report on 200 clusters:run ≤ 1.5 × akv_info on 200 clusters:run
28  HTML of 1,000:task ≤ 1 s
28  HTML of 1,000:memory ≤ 60 MB
28  HTML of 1,000:size ≤ 1.5 MB
28  10,000 looks of akv_health:memory ≤ 1 MB
"""

VAULTS, KEY_VAULT = "security/azure-key-vaults", "https://mykeyvault.vault.azure.net"
KEY = f"{KEY_VAULT}/keys/key1"
TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PREVIOUS, SECRET = "the-previous-secret", "the-new-secret"
CONFIG, INFO = "ontap.akv.akv_config", "ontap.akv.akv_info"
KEY_INFO, APP_INFO = "ontap.akv.akv_key_info", "ontap.akv.entra_app_info"
RESTIT, URI, DEBUG = "netapp.ontap.na_ontap_restit", "ansible.builtin.uri", "ansible.builtin.debug"


class Contender(NamedTuple):
    """One way to do the work: a play of ``tasks``, a ``playbook`` of the collection, a ``child``, or ``replays``."""

    name: str
    tasks: tuple[Values, ...] = ()
    playbook: str = ""
    child: str = ""  # a function of children.py
    replays: str = ""  # the contender whose requests a bare session sends again
    variables: Mapping[str, Any] = {}  # of the play, or of the child
    items: int = 1  # objects that it handles
    hosts: int = 0  # clusters of the play; 0 for all
    forks: int = 5
    direct: bool = True  # whether this collection runs in Ansible's own process
    older: bool = False  # whether it is the older build that runs
    least_of: int = 1  # runs in a round, of which the quickest counts
    once: bool = False  # whether the first round is enough


class World(NamedTuple):
    """Simulated clusters, all alike, with an AKV configuration for each SVM; and who works on them."""

    contenders: tuple[Contender, ...]
    svms: int = 1
    clusters: int = 1
    release: str = "9.14.1"
    latency: float = 0.0  # seconds before each response
    azure: bool = False  # whether Azure listens too
    more: Mapping[str, Any] = {}  # further keys of the scenario


def looped(task: Values, number: int, over: str = "") -> tuple[Values, ...]:
    """Make a loop over SVM tenant1, tenant2 and so on, or over what an expression gives."""
    return ({**task, "loop": f"{{{{ {over or f'range(1, {number} + 1) | list'} }}}}"},)


def cases(scale: int = 1) -> dict[str, tuple[World, ...]]:
    """Give all cases: what is measured together.

    :param scale: what the numbers of objects are divided by, to try it out
    """
    few, fifty, hundred, two_hundred, thousand, most = (max(2, n // scale) for n in (10, 50, 100, 200, 1000, 10000))
    query = {"svm.name": "tenant{{ item | default(1) }}", "fields": "*,state"}
    uri = {URI: {"url": f"{{{{ base }}}}/api/{VAULTS}?svm.name={query['svm.name']}&fields=*,state"}}
    restit = {RESTIT: {"api": VAULTS, "query": query}}
    patch = {"api": f"{VAULTS}/{{{{ item.response.records[0].uuid }}}}", "method": "PATCH"}
    looks = looped({**restit, "register": "found"}, few)
    changes = looped({RESTIT: {**patch, "body": {"client_secret": SECRET}}}, 0, "found.results")
    debug = Contender("loop of debug", looped({DEBUG: {"msg": "x"}}, hundred), items=hundred)
    python = Contender("Python with requests", child="replay", variables={"requests": []})

    declared = {"name": f"{KEY_VAULT}/", "key_id": KEY, "client_id": CLIENT, "tenant_id": TENANT}
    config = {CONFIG: {**declared, "svm": query["svm.name"]}}
    many = {CONFIG: {**declared, "vaults": [{"svm": f"tenant{number + 1}"} for number in range(thousand)]}}
    info, pages, keys = ({INFO: options} for options in ({}, {"max_records": 1000}, {"keys": True}))

    application = {"client_id": CLIENT, "tenant_id": TENANT, "secrets": [PREVIOUS, SECRET]}
    rotating = {"azure": {"poll_interval": 0, "applications": [application]}}
    credential = {"akv_client_id": CLIENT, "akv_client_secret": SECRET, "akv_previous_client_secret": PREVIOUS}
    no_soak = {**credential, "akv_rotate_soak": "0"}
    soak = {**credential, "akv_rotate_soak": "10", "akv_rotate_soak_interval": 1}
    volumes = [{"svm": "tenant1", "name": "many{}", "count": most, "encrypted": True}]
    with_keys = {"nodes": [{"name": f"node{number}"} for number in range(1, 5)], "volumes": volumes}

    app_ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(fifty)]
    others = [{"client_id": one, "tenant_id": TENANT, "secrets": [f"of {one}"]} for one in app_ids]
    reader = {**application, "graph": ["Application.Read.All"]}
    azure = {"azure": {"applications": [reader, *others], "keys": [{"key_id": KEY}]}}
    login = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}
    checked = hundred // 5

    def estate(number: int) -> Values:
        own = [{"name": declared["name"], "key_id": KEY, "svm": f"tenant{place + 1}"} for place in range(number)]
        common = {"akv_tenant_id": TENANT, "akv_client_id": CLIENT, "akv_client_secret": PREVIOUS}
        return {**common, "akv_configurations": own}

    def with_older(contender: Contender) -> tuple[Contender, Contender]:
        return contender, contender._replace(name=f"{contender.name}, older", older=True)

    tasks = (
        Contender("uri", (uri,), least_of=3),
        Contender("na_ontap_restit", (restit,), least_of=3),
        Contender("akv_config as a module", (config,), direct=False, least_of=3),
        Contender("loop of uri", looped(uri, few), items=few),
        debug,
        *with_older(Contender("loop of akv_config", looped(config, hundred), items=hundred, least_of=3)),
        Contender("akv_config's requests alone", replays="loop of akv_config", items=hundred),
        *with_older(Contender("akv_config of 1,000", (many,), items=thousand, least_of=3)),
    )
    memory = (
        python,
        *with_older(Contender("akv_info of 10,000", (info,))),
        Contender("akv_info of 10,000 as a module", child="module", variables=info),
        *with_older(Contender("akv_info in pages of 1,000", child="module", variables=pages)),
    )
    slow = (
        Contender("rotation of 200, 20 ms", playbook="rotate", variables=no_soak, items=two_hundred),
        Contender("na_ontap_restit, GET and PATCH, 20 ms", looks + changes, items=few),
    )
    diagnosis = (
        Contender("akv_info on 50 clusters", (info,)),
        Contender("diagnosis of 50 clusters", playbook="diagnose"),
        Contender("10,000 looks of a rotation", child="soak", variables={"looks": most}, once=True),
    )
    fleet = (
        Contender("rotation of 1 × 50", playbook="rotate", variables=soak, hosts=1),
        Contender("rotation of 4 × 50", playbook="rotate", variables=soak),
    )
    estates = (
        Contender("loops of na_ontap_restit × 5", looped(restit, 5), hosts=few, forks=10, items=few, once=True),
        Contender("estate of 200 × 5", playbook="enable", variables=estate(5), forks=10, items=two_hundred, once=True),
        Contender("akv_info on 200 clusters", (info,), forks=10, items=two_hundred, once=True),
        Contender("report on 200 clusters", playbook="report", forks=10, items=two_hundred, once=True),
        Contender("HTML of 1,000", child="html", variables={"clusters": two_hundred}),
        Contender("10,000 looks of akv_health", child="events", variables={"looks": most}, once=True),
    )
    one = (
        Contender("empty playbook"),
        Contender("estate of 1 × 1,000", playbook="enable", variables=estate(thousand)),
        Contender("the estate's requests alone", replays="estate of 1 × 1,000"),
    )
    holders = (
        python,
        Contender("akv_info with 10,000 keys", (keys,)),
        Contender("its keys' requests alone", replays="akv_info with 10,000 keys"),
        Contender("akv_info with 10,000 keys as a module", child="module", variables=keys),
    )
    checks = (
        debug,
        Contender("loop of akv_key_info", looped({KEY_INFO: {**login, "key_id": KEY}}, checked), items=checked),
        Contender("akv_key_info's requests alone", replays="loop of akv_key_info", items=checked),
        Contender("Microsoft's clients", child="microsoft"),
        Contender("entra_app_info of 50", ({APP_INFO: {**login, "app_ids": app_ids}},)),
        Contender("entra_app_info's requests alone", replays="entra_app_info of 50"),
    )
    return {
        "tasks": (World(tasks, thousand), World(memory, most, release="9.7")),
        "rotation": (
            World(fleet, fifty, clusters=4, more=rotating),
            World(slow, two_hundred, latency=0.02, more=rotating),
            World(diagnosis, clusters=fifty),
        ),
        "estate": (World(estates, 5, clusters=two_hundred), World(one, thousand), World(holders, more=with_keys)),
        "azure": (World(checks, latency=0.02, azure=True, more=azure),),
    }
