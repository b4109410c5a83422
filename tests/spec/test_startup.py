"""What a runtime is told to start."""

from typing import Any

from components.spec.startup import Command, Readiness
from tests.spec.build import CONTAINER, service


def test_a_script_with_its_environment_and_port() -> None:
    made = service(containers=[{**CONTAINER, "env": [{"name": "A", "value": "b"}]}])
    assert made.command() == Command(
        script="sleep 1",
        image="registry.example.com/x:1",
        env={"A": "b"},
        port=8000,
        readiness=Readiness(port=8000),
    )


def test_a_list_is_run_without_a_shell_and_a_text_with_one() -> None:
    listed = service(containers=[{"image": "x", "command": ["python", "a b.py"]}]).command()
    text = service(containers=[{"image": "x", "command": "python 'a b.py'"}]).command()
    assert listed is not None
    assert text is not None
    assert (listed.argv, listed.script) == (("python", "a b.py"), "")
    assert (text.argv, text.script) == ((), "python 'a b.py'")


def test_the_snippet_and_processors_say_nothing_to_run() -> None:
    assert service(metadata={"gpu_memory": 20}).command() is None
    assert service(processor="pmml").command() is None
    assert service(containers=[{"image": "x"}]).command() is None


def test_readiness_is_the_startup_check_before_the_health_check() -> None:
    check = {"http_get": {"path": "/up", "port": 81}, "period_seconds": 2, "failure_threshold": 9}
    other: dict[str, Any] = {"tcp_socket": {}}
    made = service(containers=[{**CONTAINER, "startup_check": check, "health_check": other}]).command()
    assert made is not None
    assert made.readiness == Readiness("http", "/up", 81, period_s=2, failure_threshold=9)
    made = service(containers=[{**CONTAINER, "health_check": other}]).command()
    assert made is not None
    assert made.readiness == Readiness("tcp", port=8000)


def test_requirements_and_time_to_end() -> None:
    container = {
        **CONTAINER,
        "prepare": {"pythonRequirements": ["numpy"], "pythonRequirementsPath": "/r.txt"},
    }
    made = service(containers=[container], runtime={"termination_grace_period": 4}).command()
    assert made is not None
    assert (made.requirements, made.requirements_path, made.grace_s) == (("numpy",), "/r.txt", 4)
