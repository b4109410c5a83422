"""What looks secret is hidden where anybody reads, and complete again where a process is started."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.spec.secret import HIDDEN, filled, hidden, masked, names_secret, redacted, split
from tests.spec.build import read, service

HF = "hf_" + "aB3" * 8


@pytest.mark.parametrize(
    "name",
    [
        *(
            "HF_TOKEN",
            "HF_TOKEN_2",
            "token",
            "OPENAI_API_KEY",
            "apiKey",
            "api-key",
            "SSH_KEY",
            "DB_PASSWORD",
            "PGPASSWORD",
        ),
        *(
            "AWS_SECRET_ACCESS_KEY",
            "client_secret",
            "accessKeySecret",
            "REDIS_PASS",
            "dockerAuth",
            "dockerauth",
        ),
        *("AUTHORIZATION", "MY_PWD", "GIT_CREDENTIALS", "PASSPHRASE"),
    ],
)
def test_a_name_says_that_it_is_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "MAX_TOKENS",
        "TOKENIZER",
        "PUBLIC_KEY",
        "key",
        "MONKEY",
        "DB_PASSWORD_FILE",
        "tokenizer_path",
        "MODEL",
        "PORT",
        "",
        "_",
    ],
)
def test_a_name_says_nothing_of_a_secret(name: str) -> None:
    assert not names_secret(name)


def env(name: str, value: str, **more: Any) -> dict[str, Any]:
    """Return a document with one environment variable."""
    return {
        "containers": [{"image": "i", "script": "serve", "env": [{"name": name, "value": value}]}],
        **more,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgres://u:pa@ss@db:5432/x?y=1", f"postgres://u:{HIDDEN}@db:5432/x?y=1"),
        ("redis://:only@h", f"redis://:{HIDDEN}@h"),
        ("http://h:8080/a@b", "http://h:8080/a@b"),
        ("postgres://u:$PW@h", "postgres://u:$PW@h"),
        (HF, HIDDEN),
        (f"x {HF}, y", f"x {HIDDEN}, y"),
        ("sk-learn", "sk-learn"),
        ("sk-proj-0123456789abcdefXYZ", HIDDEN),
        ("AKIAIOSFODNN7EXAMPLE", HIDDEN),
        ("LTAI5tExampleExample", HIDDEN),
        ('{"api_key": "abc", "n": 1}', f'{{"api_key": "{HIDDEN}", "n": 1}}'),
        (f"{HIDDEN} and {HF}", f"{HIDDEN} and {HIDDEN}"),
        (HIDDEN, HIDDEN),
        ("registry.example/model:1", "registry.example/model:1"),
    ],
)
def test_in_any_text_the_secret_part_is_hidden(value: str, shown: str) -> None:
    document = env("MODE", value)
    public, secrets = split(document)
    assert public["containers"][0]["env"][0] == {"name": "MODE", "value": shown}
    assert filled(public, secrets) == document


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("vllm serve --api-key abc --port 80", f"vllm serve --api-key {HIDDEN} --port 80"),
        ("serve --token='a b'", "serve --token='a b'"),
        ('serve --hf-token="abc"; next', f'serve --hf-token="{HIDDEN}"; next'),
        ("HF_TOKEN=abc MODE=x serve", f"HF_TOKEN={HIDDEN} MODE=x serve"),
        ("serve --api-key $KEY --token ${T} HF_TOKEN=$X", "serve --api-key $KEY --token ${T} HF_TOKEN=$X"),
        ("serve --token-file /run/x", "serve --token-file /run/x"),
        ("curl -H 'Authorization: Bearer abcdefgh1'", f"curl -H 'Authorization: Bearer {HIDDEN}'"),
    ],
)
def test_what_a_command_is_given_is_hidden_and_what_it_refers_to_is_not(script: str, shown: str) -> None:
    public, secrets = split({"containers": [{"script": script}]})
    assert public["containers"][0]["script"] == shown
    assert filled(public, secrets)["containers"][0]["script"] == script


def test_the_name_of_a_variable_is_shown_whatever_it_looks_like() -> None:
    assert split(env(HF, "fast")) == (env(HF, "fast"), {})


def test_the_word_after_a_flag_is_hidden() -> None:
    document = {
        "containers": [{"command": ["serve", "--api-key", "abc", "--port", "80", "--token", "--quiet"]}]
    }
    public, secrets = split(document)
    assert public["containers"][0]["command"] == [
        "serve",
        "--api-key",
        HIDDEN,
        "--port",
        "80",
        "--token",
        "--quiet",
    ]
    assert secrets == {"containers[0].command[2]": "abc"}


@pytest.mark.parametrize("value", ["true", "OFF", "$TOKEN", "${TOKEN}", "</s>", "<your token>", ""])
def test_a_switch_a_reference_and_a_placeholder_are_no_secrets(value: str) -> None:
    assert split(env("EOS_TOKEN", value)) == (env("EOS_TOKEN", value), {})


def test_a_label_says_otherwise_in_both_directions_and_restarts_nothing() -> None:
    labels = {"eas-slices/secret": "MODE, OTHER", "eas-slices/not-secret": "CACHE_KEY,PLAIN"}
    assert split(env("MODE", "fast", labels=labels))[1] == {"containers[0].env[0].value": "fast"}
    assert split(env("CACHE_KEY", "by-user", labels=labels))[1] == {}
    assert split(env("PLAIN", HF, labels=labels))[1] == {}


def test_a_service_has_one_door_for_them() -> None:
    made = service(**env("HF_TOKEN", "s3cret"), token="t0ken", storage=[{"oss": {"accessKeySecret": "k3y"}}])
    assert "s3cret" not in repr(made)
    assert made.public()["containers"][0]["env"] == [{"name": "HF_TOKEN", "value": HIDDEN}]
    assert made.secrets() == {
        "token": "t0ken",
        "containers[0].env[0].value": "s3cret",
        "storage[0].oss.accessKeySecret": "k3y",
    }
    assert made.data()["containers"][0]["env"][0]["value"] == "s3cret"


@pytest.mark.parametrize(
    "data",
    [
        {"tokn": "s3cret"},
        {"Token": "s3cret"},
        {"docker_auth": "s3cret"},
        {"registryPassword": ["s3cret"]},
        {"storage": [{"oss": {"accessKeySecret": 1, "path": "oss://u:s3cret@b"}, "mount_path": 7}]},
        {"metadata": {"cpu": "http://u:s3cret@h"}},
        {"containers": [{"command": {"apiKey": "s3cret"}}]},
    ],
)
def test_no_fault_shows_one(data: Any) -> None:
    _, faults = read(data)
    assert faults
    assert all("s3cret" not in f"{fault} {fault.value}" for fault in faults)


def test_a_log_is_shown_without_them_line_by_line() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END PRIVATE KEY-----"
    secrets = {"a": "abcd", "b": "abcdef", "short": "no", "key": pem}
    said = redacted(f"abcdef abcd no; MIIEvQIBADANBgkqhkiG9w0 | http://u:pw@h | {HF}", secrets)
    assert said == f"{HIDDEN} {HIDDEN} no; {HIDDEN} | http://u:{HIDDEN}@h | {HIDDEN}"


_text = st.text(alphabet="ab=:@/-_ ()'\"$<>secrt\n", max_size=30) | st.sampled_from(
    [
        HF,
        HIDDEN,
        f"--token {HF}",
        "A_KEY=b",
        "x://u:p@h",
        f"{HIDDEN}{HF}",
        "--api-key",
        "Bearer abcdefgh",
        '"pwd": "x"',
    ]
)
_keys = st.sampled_from(
    ["a", "a.b", "b", "token", "apiKey", "env", "name", "value", "script", "x y", "containers"]
)
_documents = st.dictionaries(
    _keys,
    st.recursive(
        _text | st.integers() | st.none(),
        lambda part: st.lists(part) | st.dictionaries(_keys, part),
        max_leaves=12,
    ),
)


@given(_documents)
def test_every_document_is_complete_again_and_hidden_twice_is_hidden_once(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    public, secrets = split(document)
    top = {key: value for key, value in document.items() if key not in ("token", "dockerAuth")}
    assert filled(public, secrets) == top
    assert document == before
    assert split(public)[0] == public


@given(st.lists(_text).map(" ".join))
def test_what_is_masked_stays_as_it_is(text: str) -> None:
    assert masked(masked(text)) == masked(text)


def test_plain_data_is_shown_with_its_structure() -> None:
    assert hidden({"env": [{"name": "HF_TOKEN", "value": "x"}], "n": 1}) == {
        "env": [{"name": "HF_TOKEN", "value": HIDDEN}],
        "n": 1,
    }
