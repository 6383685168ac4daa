"""Where the machine's settings come from."""

from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.runtime.settings import repeatable_products, runtime


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "runtime.yaml"
    path.write_text("device: cpu\nworkers: 3\nbatch: 5\n")
    assert runtime({}, path).workers == 3
    found = runtime({"PACL_WORKERS": "7"}, path)
    assert (found.device, found.workers, found.batch) == ("cpu", 7, 5)


def test_without_settings_the_defaults_are_usable(tmp_path: Path) -> None:
    found = runtime({}, tmp_path / "none.yaml")
    assert found.device in {"cpu", "cuda"}
    assert found.workers >= 1 and found.batch >= 1


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_count_below_one_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(UserError, match="PACL_BATCH"):
        runtime({"PACL_BATCH": value, "PACL_DEVICE": "cpu"}, tmp_path / "none.yaml")


def test_minutes_between_checkpoints_may_be_a_fraction(tmp_path: Path) -> None:
    assert runtime({}, tmp_path / "none.yaml").checkpoint_minutes == 10
    found = runtime({"PACL_CHECKPOINT_MINUTES": "0.5", "PACL_DEVICE": "cpu"}, tmp_path / "none.yaml")
    assert found.checkpoint_minutes == 0.5


@pytest.mark.parametrize("value", ["-1", "often", "nan", "inf"])
def test_minutes_between_checkpoints_are_not_negative(tmp_path: Path, value: str) -> None:
    with pytest.raises(UserError, match="PACL_CHECKPOINT_MINUTES"):
        runtime({"PACL_CHECKPOINT_MINUTES": value}, tmp_path / "none.yaml")


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "runtime.yaml"
    path.write_text("worker: 3\n")
    with pytest.raises(UserError, match="did you mean 'workers'"):
        runtime({}, path)


def test_the_engine_is_one_of_two(tmp_path: Path) -> None:
    assert runtime({}, tmp_path / "none.yaml").engine == "local"
    assert runtime({"PACL_ENGINE": "ray"}, tmp_path / "none.yaml").engine == "ray"
    with pytest.raises(UserError, match=r"PACL_ENGINE .*unknown engine 'rey'; did you mean 'ray'"):
        runtime({"PACL_ENGINE": "rey"}, tmp_path / "none.yaml")


@pytest.mark.parametrize("device", ["cuda:99", "mps:3", "gpu", "CUDA", "meta", "xpu"])
def test_a_device_that_is_not_there_is_one_line(tmp_path: Path, device: str) -> None:
    for environ, text in (({"PACL_DEVICE": device}, ""), ({}, f"device: {device}\n")):
        (tmp_path / "runtime.yaml").write_text(text)
        with pytest.raises(UserError, match=rf"{device}: .*; set PACL_DEVICE \(or 'device' in") as error:
            runtime(environ, tmp_path / "runtime.yaml")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_gpu_without_float64_is_refused_whoever_runs_the_models(tmp_path: Path, engine: str) -> None:
    given = {"PACL_DEVICE": "mps", "PACL_ENGINE": engine}
    with pytest.raises(UserError, match=r"mps: models run on cpu and cuda, .* no float64; set PACL_DEVICE"):
        runtime(given, tmp_path / "none.yaml")


def test_the_devices_of_a_cluster_are_on_its_nodes(tmp_path: Path) -> None:
    given = {"PACL_DEVICE": "cuda:99", "PACL_ENGINE": "ray"}
    assert runtime(given, tmp_path / "none.yaml").device == "cuda:99"


def test_encodings_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "runtime.yaml"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_bytes("workers: 3\n".encode(encoding))
        assert runtime({}, path).workers == 3
    for data in ("workers: 3  # caf\u00e9\n".encode("cp1252"), b"workers: [\n"):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"runtime\.yaml: not valid YAML"):
            runtime({}, path)


def test_products_on_a_gpu_repeat_unless_someone_chose_otherwise() -> None:
    environ: dict[str, str] = {}
    repeatable_products(environ)
    assert environ == {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    chosen = {"CUBLAS_WORKSPACE_CONFIG": ":16:8"}
    repeatable_products(chosen)
    assert chosen == {"CUBLAS_WORKSPACE_CONFIG": ":16:8"}
