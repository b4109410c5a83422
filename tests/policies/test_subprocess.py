"""The pack as Pulumi starts it: its own process, spoken to over gRPC."""

import os
import subprocess
import sys
import time
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from components.rules.table import SERVICE_RULES
from policies.testing import as_floats
from tests.policies.build import POOL, SERVICE, UNKNOWN, pool_inputs, service_inputs
from tests.policies.cases import CASES
from tests.rules.test_each_pool_rule import CASES as POOL_CASES
from tests.rules.test_each_service_rule import CASES as SERVICE_CASES
from tests.spec.build import ROOT, pool, service

JUDGED_BY_CHECK = {"pool-has-nodes", "local-ports", "local-run", "pool-holds-no-secret"}
"""Rules of pools about what GpuPool's inputs do not hold."""

PERCENTAGE_ALONE = {"metadata": {"gpu_core_percentage": 5}}


@pytest.fixture(scope="module")
def pack() -> Any:
    """The analyzer of a running pack."""
    pack = ROOT / "policies"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)],
        stdout=subprocess.PIPE,
        cwd=pack,
        env=environment,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(autouse=True)
def as_shipped(pack: Any) -> None:
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={}))


def analyze(pack: Any, spec: Any, name: Any = "svc") -> Any:
    return analyze_inputs(pack, SERVICE, service_inputs(spec, name), name)


def analyze_inputs(pack: Any, kind: str, inputs: Any, name: str) -> Any:
    properties = Struct()
    properties.update(as_floats(inputs))
    request = analyzer_pb2.AnalyzeRequest(type=kind, properties=properties, urn=f"urn:{name}", name=name)
    return [
        (found.policyName, found.enforcementLevel, found.message)
        for found in pack.Analyze(request).diagnostics
    ]


def configure(pack: Any, level: Any = analyzer_pb2.MANDATORY, **rules: Any) -> Any:
    config = analyzer_pb2.PolicyConfig(enforcementLevel=level)
    config.properties.update(rules)
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"eas-rules": config}))


def test_the_pack_tells_its_policies_and_their_levels(pack: Any) -> None:
    policies = {policy.name: policy for policy in pack.GetAnalyzerInfo(Empty()).policies}
    assert policies["eas-rules"].enforcementLevel == analyzer_pb2.MANDATORY
    assert policies["eas-advice"].enforcementLevel == analyzer_pb2.ADVISORY
    assert "slice-fits-card" in policies["eas-rules"].configSchema.properties


def test_a_broken_rule_is_a_mandatory_violation(pack: Any) -> None:
    [(policy, level, message)] = analyze(pack, PERCENTAGE_ALONE)
    assert (policy, level) == ("eas-rules", analyzer_pb2.MANDATORY)
    assert message.endswith("[slice-percentage-needs-memory]")


def test_a_kept_rule_is_silent(pack: Any) -> None:
    assert analyze(pack, {"metadata": {"gpu_memory": 20, "gpu_core_percentage": 5}}) == []


def test_a_rule_is_configured_by_ordinary_policy_configuration(pack: Any) -> None:
    configure(pack, **{"slice-percentage-needs-memory": "advisory"})
    assert [(policy, level) for policy, level, _ in analyze(pack, PERCENTAGE_ALONE)] == [
        ("eas-advice", analyzer_pb2.ADVISORY)
    ]
    configure(pack, **{"slice-percentage-needs-memory": "off"})
    assert analyze(pack, PERCENTAGE_ALONE) == []
    configure(pack, level=analyzer_pb2.ADVISORY)
    assert [level for _, level, _ in analyze(pack, PERCENTAGE_ALONE)] == [analyzer_pb2.ADVISORY]


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_that_a_team_sets_is_judged_there(pack: Any, rule: Any) -> None:
    case = CASES[rule]
    configure(pack, **case.config(rule))
    [(policy, level, message)] = analyze_inputs(pack, case.kind, case.broken, "svc")
    assert (policy, level) == ("eas-rules", analyzer_pb2.MANDATORY)
    assert message.endswith(f"[{rule}]")
    assert analyze_inputs(pack, case.kind, case.kept, "svc") == []


@pytest.mark.parametrize("rule", [rule.id for rule in SERVICE_RULES])
def test_each_rule_of_a_declaration_is_judged_there(pack: Any, rule: Any) -> None:
    broken, kept = (judged_inputs(case) for case in SERVICE_CASES[rule][:2])
    configure(pack, **{rule: "mandatory"})
    said = [message for _, _, message in analyze_inputs(pack, SERVICE, broken, broken["name"])]
    assert [message for message in said if message.endswith(f"[{rule}]")]
    said = [message for _, _, message in analyze_inputs(pack, SERVICE, kept, kept["name"])]
    assert not [message for message in said if message.endswith(f"[{rule}]")]


def judged_inputs(case: Any) -> Any:
    document, changes = case if isinstance(case, tuple) else (case, {})
    made = service(**document)
    about = {"pool_facts": pool(**changes).facts, "source": made.source}
    return service_inputs(made.public(), made.name, about=about)


@pytest.mark.parametrize("rule", sorted(POOL_CASES))
def test_each_rule_of_a_pool_is_judged_there(pack: Any, rule: Any) -> None:
    said = {}
    for which, changes in zip(("broken", "kept"), POOL_CASES[rule], strict=True):
        made = pool(**changes)
        nodes = {node.name: node.to_dict() for node in made.nodes}
        inputs = pool_inputs(
            name=made.name, resource=made.resource, runtime=made.runtime, nodes=nodes, quotas=made.quotas
        )
        configure(pack, **{rule: "mandatory"})
        said[which] = [message for _, _, message in analyze_inputs(pack, POOL, inputs, made.name)]
    assert (rule in JUDGED_BY_CHECK) != any(message.endswith(f"[{rule}]") for message in said["broken"])
    assert not any(message.endswith(f"[{rule}]") for message in said["kept"])


def test_an_unknown_value_is_reported(pack: Any) -> None:
    [(policy, _, message)] = analyze(pack, {"metadata": {"gpu_memory": UNKNOWN}})
    assert policy == "eas-advice"
    assert "spec.metadata.gpu_memory cannot be judged in this preview" in message


def test_a_thousand_services_add_little(pack: Any) -> None:
    spec = {
        "metadata": {"gpu_memory": 4, "cpu": 2},
        "containers": [{"image": "x", "script": "run", "port": 8000}],
    }
    analyze(pack, spec)
    start = time.perf_counter()
    for index in range(200):
        assert analyze(pack, spec, f"svc_{index}") == []
    # Measured: 1.9 s for 1,000, client and server on two cores; the bound leaves room for a busy machine.
    assert (time.perf_counter() - start) * 5 < 15
