"""What the local runtime runs: the container's command, what the pool maps, or a refusal with the line to add."""

from __future__ import annotations

import sys

import pytest

from components.runtimes.local.command import resolve
from components.runtimes.local.settings import LocalSettings
from components.runtimes.local.wish import Wish
from components.runtimes.port import RuntimeFault
from tests.runtimes.machine import Machine, launch, serving

IMAGE = "registry.example.com/team/llm:1.0"


def chosen(spec: dict[str, object], **run: object) -> object:
    return resolve("svc", Wish.of("svc", spec), LocalSettings.of({"run": run}))


def container(**fields: object) -> dict[str, object]:
    return {"metadata": {"name": "svc"}, "containers": [fields]}


def test_a_container_runs_its_own_command_whatever_the_image_is_mapped_to() -> None:
    spec = container(image=IMAGE, command="python app.py")
    assert chosen(spec, **{IMAGE: "other", "default": "another"}) == "python app.py"


def test_a_list_is_run_as_it_stands_and_a_script_by_a_shell() -> None:
    assert chosen(container(command=["python", "app.py"])) == ("python", "app.py")
    assert chosen(container(script="a && b")) == "a && b"


def test_the_mapping_of_a_service_wins_over_its_command() -> None:
    assert (
        chosen(container(command="/opt/inside-the-image"), svc="python stand-in.py") == "python stand-in.py"
    )


def test_an_image_and_a_processor_run_what_they_are_mapped_to() -> None:
    assert chosen(container(image=IMAGE), **{IMAGE: ["serve", "--all"]}) == ("serve", "--all")
    assert chosen({"metadata": {"name": "svc"}, "processor": "xgboost"}, xgboost="serve xgb") == "serve xgb"
    assert chosen({"metadata": {"name": "svc"}, "processor": "pmml"}, default="serve any") == "serve any"


def test_a_processor_is_refused_with_the_line_to_add() -> None:
    with pytest.raises(RuntimeFault) as refused:
        chosen({"metadata": {"name": "svc"}, "processor": "tensorflow_gpu_1.15"})
    assert str(refused.value) == (
        "service 'svc' runs processor 'tensorflow_gpu_1.15', which exists on EAS only. Say what stands for it on this "
        'machine: add to its pool in pool.yaml `local: {run: {"tensorflow_gpu_1.15": "COMMAND"}}` '
        "(or 'svc' for this service alone, or 'default' for all); COMMAND serves on $PORT."
    )
    assert not refused.value.retriable


def test_an_image_without_a_command_is_refused_with_the_line_to_add() -> None:
    with pytest.raises(RuntimeFault, match="no command; the local runtime pulls no images") as refused:
        chosen(container(image=IMAGE))
    assert f'`local: {{run: {{"{IMAGE}": "COMMAND"}}}}`' in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"run": ["a"]}, "local.run is .* not a mapping"),
        ({"run": {"svc": ""}}, "the command for 'svc' is ''"),
        ({"run": {"svc": 5}}, "the command for 'svc' is 5"),
        ({"ports": [1, 2]}, "local.ports is .* within 1024-65535"),
        ({"ports": [30000]}, "local.ports is"),
        ({"ports": "many"}, "local.ports is 'many'"),
        ({"ports": [30001, 30000]}, "local.ports is"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(RuntimeFault, match=words):
        LocalSettings.of(settings)


def test_ports_come_as_two_numbers_or_as_a_range() -> None:
    assert LocalSettings.of({"ports": [30000, 30009]}).ports == (30000, 30009)
    assert LocalSettings.of({"ports": [30000.0, 30009.0]}).ports == (30000, 30009)
    assert LocalSettings.of({"ports": "30000-30009"}).ports == (30000, 30009)
    assert LocalSettings.of({}).ports == (20000, 29999)


def test_one_warning_names_the_image_that_is_not_pulled(machine: Machine) -> None:
    for ordinal in range(3):
        machine.runtime.start(launch(ordinal=ordinal, image=IMAGE, script=serving()))
    assert machine.told == [
        f"service 'svc': its command runs on this host; the image '{IMAGE}' is not pulled."
    ]


def test_a_command_starts_in_the_project_folder(machine: Machine) -> None:
    launched = launch(script=f"pwd; {serving()}")
    machine.ready(launched)
    assert machine.runtime.logs(launched.id).splitlines() == [str(machine.home.parent), "serving"]


def test_the_words_of_a_list_reach_the_process_as_they_are(machine: Machine) -> None:
    words = ["two words", "'", '"', "$HOME", "100%", "%(here)s", "a;b", "größer", "line\nbreak", "\\n", ""]
    code = "import sys; print(ascii(sys.argv[1:])); sys.exit(4)"
    launched = launch(command=[sys.executable, "-c", code, *words])
    machine.runtime.start(launched)
    machine.becomes(launched, "failed")
    assert machine.runtime.logs(launched.id, 1) == ascii(words)


def test_a_processor_runs_what_the_pool_maps_it_to(machine: Machine) -> None:
    spec = {"metadata": {"name": "svc"}, "processor": "xgboost"}
    launched = launch(spec=spec, settings={"run": {"xgboost": serving()}})
    machine.ready(launched)
    assert machine.told == []


def test_a_refused_start_leaves_nothing_behind(machine: Machine) -> None:
    launched = launch(image=IMAGE)
    with pytest.raises(RuntimeFault):
        machine.runtime.start(launched)
    assert machine.see(launched).condition == "absent"
    assert machine.runtime.listing() == ()
    assert not machine.supervisor()


def test_a_program_that_does_not_exist_fails_with_the_shells_words(machine: Machine) -> None:
    launched = launch(command=["no-such-program", "--serve"])
    machine.runtime.start(launched)
    seen = machine.becomes(launched, "failed")
    assert "it exited with status 127, after 2 starts without an answer" in seen.detail
    assert "no-such-program: not found" in seen.detail
