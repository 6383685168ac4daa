"""Models by name from a cache of the hub, without a network, and uploads to a server that records them."""

import base64
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import numpy as np
import pytest
from safetensors.numpy import load

import pacl_core
from pacl_core.errors import UserError
from pacl_core.inference.hub import model_folder
from tests.small_run import drawing

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cached(run, tmp_path, monkeypatch):
    """The hub as seen without a network: `someone/emotions` in its local cache."""
    top = tmp_path / "hub/models--someone--emotions"
    shutil.copytree(run / "models/pacl", top / "snapshots" / COMMIT)
    (top / "refs").mkdir()
    for branch in ("main", "v2"):
        (top / "refs" / branch).write_text(COMMIT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return top / "snapshots" / COMMIT


@pytest.mark.parametrize(
    ("name", "revision"),
    [
        ("someone/emotions", None),
        ("hub:someone/emotions", None),
        ("someone/emotions", "v2"),
        ("hub:someone/emotions@v2", None),
        (f"someone/emotions@{COMMIT}", None),
        ("someone/emotions", COMMIT),
    ],
)
def test_a_name_of_the_hub_is_a_folder_of_its_cache(cached, name, revision):
    assert model_folder(name, revision).resolve() == cached.resolve()


def test_a_model_of_the_hub_is_used_as_any_other(cached, run):
    image = drawing(0)
    model = pacl_core.load("someone/emotions", "cpu")
    assert (model.embed(image) == pacl_core.load(run / "models/pacl", "cpu").embed(image)).all()


def test_paths_come_first(cached, tmp_path):
    (tmp_path / "someone").mkdir()
    with pytest.raises(UserError, match="no model in someone/emotions; give the folder"):
        pacl_core.load("someone/emotions")
    assert model_folder("hub:someone/emotions").resolve() == cached.resolve()
    assert model_folder(tmp_path) == tmp_path


def test_what_the_hub_does_not_have_is_one_line(cached):
    with pytest.raises(UserError, match="no such folder, and the hub has no repository 'no/body'") as error:
        pacl_core.load("no/body")
    assert "\n" not in str(error.value)


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as an upload of small files needs."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        self.server.asked.append((self.path, body))
        if self.path.endswith("/repos/create"):
            name = json.loads(body)["name"]
            return self.answer({"url": f"{self.server.address}/someone/{name}", "name": f"someone/{name}"})
        if "/preupload/" in self.path:
            named = [one["path"] for one in json.loads(body)["files"]]
            modes = [{"path": one, "uploadMode": "regular", "shouldIgnore": False} for one in named]
            return self.answer({"files": modes})
        if "/commit/" in self.path:
            return self.answer(
                {"commitUrl": f"{self.server.address}/someone/emotions/commit/{COMMIT}", "commitOid": COMMIT}
            )
        return self.answer({})

    def do_GET(self):
        self.answer({"id": "someone/emotions", "sha": COMMIT, "siblings": []})

    def answer(self, value, status=200):
        said = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *arguments):
        """Nothing on the terminal."""


@pytest.fixture
def hub(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked, server.address = [], f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.address)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_upload_is_the_exported_folder(run, hub):
    model = pacl_core.load(run / "models/pacl", "cpu")
    assert (
        model.push_to_hub("someone/emotions", private=True)
        == f"{hub.address}/someone/emotions/commit/{COMMIT}"
    )
    (created,) = [json.loads(body) for path, body in hub.asked if path.endswith("/repos/create")]
    assert (created["name"], created["organization"]) == ("emotions", "someone")
    assert (
        created.get("private") is True or created.get("visibility") == "private"
    )  # by version of the client
    (commit,) = [body for path, body in hub.asked if "/commit/main" in path]
    lines = [json.loads(line) for line in commit.splitlines()]
    sent = {one["value"]["path"]: one["value"]["content"] for one in lines if one["key"] == "file"}
    assert {"config.json", "model.json", "model.safetensors", "projectors.safetensors", "README.md"} < set(
        sent
    )
    assert "backbone.safetensors" not in sent
    weights = load(base64.b64decode(sent["model.safetensors"]))
    assert np.array_equal(weights["conv_stem.weight"], model.module.conv_stem.weight.detach().numpy())
    assert "library_name: timm" in base64.b64decode(sent["README.md"]).decode()


def test_a_hub_that_refuses_is_one_line(run, hub, monkeypatch):
    def refuse(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.answer({"error": "not yours"}, 403)

    monkeypatch.setattr(Hub, "do_POST", refuse)
    with pytest.raises(UserError, match="someone/emotions: not uploaded"):
        pacl_core.load(run / "models/pacl", "cpu").push_to_hub("someone/emotions")
