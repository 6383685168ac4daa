"""Whatever is in the published text files: items, rejections or a `UserError`, nothing else."""

import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import image, put, write_emotic

PACKAGE = "pacl_core.datasets.readers"
IMAGE = image(1)
CATEGORIES = b"('affection', 'love', '+')\n('rage', 'anger', '-')\n"
EMOTIC_HEADER = b"Folder,Filename,Image Size,BBox,Categorical_Labels,Continuous_Labels,Gender,Age\n"
IAPS_HEADER = b"desc\tIAPS\tvalmn\tvalsd\taromn\tarosd\tdom1mn\tdom1sd\tdom2mn\tdom2sd\tset\n"
PENG_HEADER = (
    b"[image_filename]\t[valence]\t[arousal]\t[prob. anger]\t[prob. disgust]\t[prob. fear]\t[prob. joy]"
    b"\t[prob. sadness]\t[prob. surprise]\t[prob. neutral]\n"
)
# reader, its options, the file to be filled, what that starts with, and pieces that lead further in
CASES: dict[str, tuple[dict[str, object], str, bytes, list[bytes]]] = {
    "webemo": ({}, "train25.txt", b"", [b"http://h/a.jpg 1\n", b"http://[ 0\n", b"x 99999\n", b"\xb2 \xb2"]),
    "iaps": ({}, "AllSubjects_1-20.txt", IAPS_HEADER, [b"x\ta\t1\t.\t2\t.\t.\t.\t3\t.\t1\n", b"\ta"]),
    "emotion6_peng": ({}, "ground_truth.txt", PENG_HEADER, [b"a.jpg" + b"\t0.1" * 9 + b"\n"]),
    "abstract": (
        {"images": "images"},
        "ABSTRACT_groundTruth.csv",
        b"Amusement,Anger,Awe,Content,Disgust,Excitement,Fear,Sad\n",
        [b"'a.jpg',1,2,3,4,5,6,7,8\n", b"'a.jpg'" + b",nan" * 8 + b"\n", b'"'],
    ),
    "emoset": ({"images": "images"}, "train.json", b"", [b"[", b"]", b'["x", "a.jpg"]', b",", b'"\\ud83d"']),
    "emotic": (
        {"annotations": {"train": "train.csv"}, "images": ".", "crop": "person"},
        "train.csv",
        EMOTIC_HEADER,
        [
            b'images,a.jpg,,"[0,0,nan,9]",[],"[1,2,3]",,\n',
            b"images,a.jpg,,",
            b'"[0,0,8,1e999]",',
            b"['Peace'],",
        ],
    ),
    "bold": (
        {"annotations": {"train": "t.csv"}, "videos": "images", "joints": None},
        "t.csv",
        b"a.jpg,0,0,9," + b"0.5," * 26 + b"1,2,3,x,x,x,1\n",
        [b"a.jpg,0,0,9," + b"nan," * 33, b"a.jpg,1e999,0,9,", b'"', b"\n", b"a.jpg,-1,-0.5," + b"0," * 34],
    ),
    "meld": (
        {"tables": {"train": "t.csv"}, "clips": {"train": "images"}},
        "t.csv",
        b"Utterance,Emotion,Sentiment,Dialogue_ID,Utterance_ID\r\n",
        [b"x,joy,positive,0,0\r\n", b"\x92,joy,,\xb2,1e999\r\n", b'"', b"x,y,z,../a,0\n"],
    ),
    "liris_accede": (
        {},
        "MEDIAEVAL18_00_Valence-Arousal.txt",
        b"Time\tValence\tArousal\n",
        [b"0\t0.5\t-1\n", b"1e999\tnan\t\n", b"1\t\xb2\tx\r\n", b"\t\t\n"],
    ),
    "moviegraphs": (
        {"films": "images"},
        "mg/py3loader/emotion_labels.json",
        b"",
        [b'{"a": {"0": ["Fear"]', b"}", b'"b": {"x": [1]}', b",", b"[", b'"\\ud83d": {}', b'"0": NaN'],
    ),
    "places365": (
        {},
        "places365_train_standard.txt",
        b"/a/images/a.jpg 0\n",
        [b"/a/images/a.jpg 1\n", b"/a/images/a.jpg 999999999\n", b"\xb2/\xb2 0\n", b"/../a 0", b"\0", b"x\n"],
    ),
    "artemis": (
        {"pictures": "."},
        "artemis_dataset_release_v0.csv",
        b"art_style,painting,emotion,utterance,repetition\n",
        [
            b"images,a,awe,x,3\n",
            b"images,a,,\xb2\n",
            b'images,\xc3\xa9a,awe,"x',
            b"..,a,awe,x,\xb2\n",
            b'"',
            b"\0",
        ],
    ),
    "manifest": (
        {"file": "m.jsonl", "image": "images/{image}", "values": ["v"], "id": "image", "split": "s"},
        "m.jsonl",
        b'{"image": "a.jpg", "v": 1, "s": "train"}\n',
        [b'{"image": "\\ud83d", "v": NaN, "s": 0}\n', b'{"image": "b", "v": 1e999, "s": []}\n', b"{", b"\0"],
    ),
}


def check(reader: ModuleType, folder: Path, options: dict[str, object]) -> None:
    try:
        found = list(reader.read(folder, reader.Options.model_validate(options)))
    except UserError as error:
        assert "\n" not in str(error).strip()
        return
    for one in found:
        assert isinstance(one, Item | Rejected)
        if isinstance(one, Item):
            one.item_id.encode()
            assert all(value is None or isinstance(value, str | int | float) for value in one.values.values())
        else:
            (one.source + one.reason).encode()


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_bytes(name: str, data: st.DataObject) -> None:
    options, file, start, pieces = CASES[name]
    content = data.draw(st.lists(st.one_of(st.sampled_from(pieces), st.binary(max_size=30)), max_size=8))
    begun = data.draw(st.booleans())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        put(folder / "images" / "a.jpg", IMAGE)
        put(folder / "images" / "dia0_utt0.mp4", IMAGE)
        put(folder / "images" / "MEDIAEVAL18_00.mp4", IMAGE)
        put(folder / "mg" / "split.json", b'{"train": ["a"], "val": [], "test": []}')
        for other, text in (("category.txt", CATEGORIES), ("test25.txt", b""), ("val.json", b"[]")):
            put(folder / other, text)
        put(folder / "test.json", b"[]")
        put(folder / "places365_val.txt", b"x.jpg 0")
        put(folder / file, (start if begun else b"") + b"".join(content))
        check(import_module(f"{PACKAGE}.{name}"), folder, options)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=4).map(b"\n".join))
def test_any_bytes_as_categories(content: bytes) -> None:
    webemo = import_module(f"{PACKAGE}.webemo")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "category.txt"
        path.write_bytes(CATEGORIES + content)
        try:
            categories = webemo.read_categories(path)
        except UserError:
            return
        assert categories[:2] == [("affection", "love", "+"), ("rage", "anger", "-")]
        assert all(polarity in ("+", "-") for _, _, polarity in categories)


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 0.999))
def test_a_mat_file_cut_short_is_refused(published: bytes, share: float) -> None:
    emotic = import_module(f"{PACKAGE}.emotic")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        put(folder / "emotic" / "x.jpg", b"")
        put(folder / "Annotations" / "Annotations.mat", published[: int(share * len(published))])
        with pytest.raises(UserError, match=r"not a MATLAB file|no struct"):
            list(emotic.read(folder, emotic.Options()))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = write_emotic(tmp_path_factory.mktemp("emotic"), 2)
    return (folder / "Annotations" / "Annotations.mat").read_bytes()
