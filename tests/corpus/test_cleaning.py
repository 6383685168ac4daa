"""Texts of posts, cleaned by parameters."""

import unicodedata
from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.cleaning import clean_text
from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.media.rejects import UnusableError
from pacl_core.methods.params import load
from pacl_core.params.pairs import TextCleaningParams
from tests.paths import ROOT

ALL: dict[str, Any] = {
    "html": "decode",
    "urls": "remove",
    "retweets": "remove",
    "mentions": "remove",
    "hashtags": "split",
    "emoji": "remove",
    "control": "remove",
    "whitespace": "collapse",
}


def cleaned(text: str, **params: str) -> str:
    return clean_text(text, TextCleaningParams.model_validate(params))


def reason(text: str, **params: str) -> str:
    with pytest.raises(UnusableError) as caught:
        cleaned(text, **params)
    return caught.value.reason


def test_by_itself_it_removes_only_what_cannot_be_stored() -> None:
    found = "  RT @user: so  HAPPY\n#dog &amp; http://t.co/x 😀 \0\ud83d "
    assert cleaned(found) == "RT @user: so  HAPPY\n#dog &amp; http://t.co/x 😀"


@pytest.mark.parametrize(
    ("params", "found", "expected"),
    [
        ({"urls": "remove"}, "see http://t.co/aB1 and www.x.org/a?b=c#d.", "see   and  ."),
        ({"urls": "remove"}, "(https://a.org/b) HTTP://UP.COM!", "( )  !"),
        ({"urls": "remove"}, "pic.twitter.com/abc so gladhttp://x", "so glad"),
        ({"mentions": "remove"}, "@a_1 hi @b! mail me@home.org", "hi  ! mail me@home.org"),
        ({"mentions": "remove"}, "RT @a: hi", "RT   hi"),
        ({"retweets": "remove"}, "RT @a: RT @b: hi @c", "hi @c"),
        ({"retweets": "remove"}, "lol RT @a hi, ART @b", "lol   hi, ART @b"),
        ({"hashtags": "drop_sign"}, "#SoHappy #2 day ＃ünter a#b", "SoHappy #2 day ünter a#b"),
        ({"hashtags": "split", "whitespace": "collapse"}, "#SoHappyToday!", "So Happy Today !"),
        ({"hashtags": "split"}, "#ILoveNYC2024", "I Love NYC 2024"),
        ({"hashtags": "split"}, "#USAToday", "USA Today"),
        ({"hashtags": "split"}, "#happy_new_year", "happy new year"),
        ({"hashtags": "split"}, "#sohappy", "sohappy"),
        ({"hashtags": "split"}, "&#39;", "&#39;"),
        ({"hashtags": "split"}, "http://x.org/#ThePlace", "http://x.org/#ThePlace"),
        ({"html": "decode"}, "a &lt;3 &amp;amp; b&#39;s &eacute;", "a <3 & b's é"),
        ({"emoji": "remove"}, "so 😂 happy 👨‍👩‍👧", "so   happy"),
        ({"emoji": "name"}, "so 😂", "so  face with tears of joy"),
        ({"control": "remove"}, "a\x07b\u202e\u200b\xad c\td\r\ne\u2028f", "ab c\td\ne\nf"),
        ({"whitespace": "collapse"}, " a\u3000 b\n\n\tc ", "a b c"),
    ],
)
def test_each_parameter_alone(params: dict[str, str], found: str, expected: str) -> None:
    assert cleaned(found, **params) == expected


PRESET = ALL | {"emoji": "keep"}
NFD = partial(unicodedata.normalize, "NFD")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # what follows a link without a blank
        ("so cute https://t.co/AbC12😍😍 look", "so cute 😍😍 look"),
        ("見て https://t.co/AbC12かわいい犬", "見て かわいい犬"),
        ("见 http://t.cn/A6abc。今天真开心", "见 。今天真开心"),
        ("https://t.co/AbC12，好美", "，好美"),
        ("see https://t.co/AbC12, ok", "see , ok"),
        ("https://x.com/한국어", "한국어"),
        ("sunset pic.twitter.com/AbC1かわいい", "sunset かわいい"),
        ("https://t.co/abc#happy", "happy"),
        # what it follows
        ("so proud of youhttps://t.co/AbC12", "so proud of you"),
        ("great_https://t.co/AbC12 day", "great_ day"),
        ("nicepic.twitter.com/AbC1 x", "nice x"),
        ("今天真开心http://t.cn/A6abc 好", "今天真开心 好"),
        ("中文www.example.com/a好", "中文 好"),
        # the whole link, and what is not a link
        ("see https://en.wikipedia.org/wiki/Foo_(bar). ok", "see . ok"),
        ("(see https://x.com/a)", "(see )"),
        ("https://de.wikipedia.org/wiki/Müller x", "x"),
        ("http://müller.de/x y", "y"),
        ("https://t.co/abc?amp=1 x", "x"),
        ("awww.so cute at chat.co/abc", "awww.so cute at chat.co/abc"),
        # cut at the end of a tweet
        ("so good http:/…", "so good"),
        ("so good https://t.co/Ab…", "so good"),
        ("so good ht…", "so good"),
        ("so good http...", "so good"),
        ("wait for the night…", "wait for the night…"),
        # mentions
        ("お疲れさま@taro_y さん", "お疲れさま さん"),
        ("＠taro こんにちは", "こんにちは"),
        ("@taroかわいい犬", "かわいい犬"),
        ("@小明 你好", "你好"),
        ("hi @tom😀 x", "hi 😀 x"),
        ("nice day@bob ok", "nice day ok"),
        ("สวัสดี@tom ครับ", "สวัสดี ครับ"),
        ("ज़रूर@ram ok", "ज़रूर ok"),
        ("@राम नमस्ते", "नमस्ते"),
        (NFD("@josé hola"), "hola"),
        ("RT ＠taro： hi", "hi"),
        ("mail a.b@c.de or josé@mail.de, 5@3", "mail a.b@c.de or josé@mail.de, 5@3"),
        # hashtags of letters with marks and joiners
        ("#नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("#สวัสดี", "สวัสดี"),
        ("#தமிழ்", "தமிழ்"),
        ("#مُحَمَّد x", "مُحَمَّد x"),
        ("#שָׁלוֹם", "שָׁלוֹם"),
        ("#می‌خواهم x", "می‌خواهم x"),
        (NFD("#CaféDay2024"), NFD("Café Day 2024")),
        ("＃嬉しい ね", "嬉しい ね"),
        ("#️⃣ and 1️⃣ #_ #2", "#️⃣ and 1️⃣ #_ #2"),
    ],
)
def test_words_beside_links_and_mentions_survive_whole(found: str, expected: str) -> None:
    assert cleaned(found, **PRESET) == expected


WRITING = ["かわいい", "开心", "สวัสดี", "நன்றி", "नमस्ते", "שלום", "한국", "😍", "👩‍🚀", "🇩🇪"]
LINKS = ["https://t.co/AbC12", "http://t.cn/A6abc", "pic.twitter.com/AbC12", "www.x.org/a?b=c"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*WRITING, NFD("été!"), "привет!"]), st.sampled_from(LINKS), st.sampled_from(WRITING))
def test_a_link_goes_whole_and_alone(before: str, link: str, after: str) -> None:
    for found in (f"{before}{link}{after}", f"{before} {link} {after}"):
        assert cleaned(found, **PRESET) == f"{before} {after}"


def test_a_tweet_as_the_presets_clean_it() -> None:
    found = "RT @Some_One: I &lt;3 my #CuteDog 😍😍 \r\n http://t.co/x1 @friend via"
    assert cleaned(found, **PRESET) == "I <3 my Cute Dog 😍😍 via"


@pytest.mark.parametrize("text", ["", " \n", "\0", "\ud83d", "\u200b\ufe0f", "\u2800\u3164"])
def test_nothing_to_begin_with(text: str) -> None:
    assert reason(text) == "empty_text"
    assert reason(text, **ALL) == "empty_text"


@pytest.mark.parametrize(
    "text", ["http://t.co/x", "@a @b", "RT @a:", "😂😂", "👩🏽‍🚀\ufe0f", "\x07\x08", "&nbsp;", "&#173;", "☺️"]
)
def test_nothing_left_has_a_reason_of_its_own(text: str) -> None:
    assert cleaned(text) == text
    assert reason(text, **ALL) == "empty_after_cleaning"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😂", "😂"),
        ("مرحبا بالعالم \u200f!", "مرحبا بالعالم \u200f!"),  # right to left, with its mark
        ("می‌خواهم", "می‌خواهم"),  # Persian with a zero-width non-joiner
        ("שלום \u202eevil\u202c", "שלום evil"),
        ("caf\xe9 ol\xe9", "café olé"),
    ],
)
def test_writing_of_all_kinds_stays(text: str, expected: str) -> None:
    assert cleaned(text, **(ALL | {"emoji": "keep"})) == expected


def test_a_million_characters() -> None:
    words = "happy dog #SunnyDay @friend http://t.co/x &amp; 😂 "
    long = words * (1_000_000 // len(words))
    assert cleaned(long, **ALL).startswith("happy dog Sunny Day & happy")
    for hostile in (
        "#" * 1_000_000,
        "@" * 1_000_000,
        "www." * 250_000 + ")",
        "www.)" + ")" * 1_000_000,
        "http://(" + "a" * 1_000_000,
        "http://(a" * 100_000,
        "http://a" * 100_000 + "…",
        "#1" * 500_000,
        "a@a." * 250_000,
        "…" * 1_000_000,
        "क्" * 300_000,
        "@" + "a.b" * 300_000,
    ):
        assert cleaned(hostile + " word", **ALL).endswith("word")


def test_what_uncovers_more_with_every_pass_is_refused() -> None:
    assert cleaned("&amp;amp;amp;lt;", html="decode") == "<"
    assert reason("&" + "amp;" * 40 + "lt;", html="decode") == "unsettled_text"


PIECES = [
    "&amp;",
    "&",
    "amp;",
    "#38;",
    "RT ",
    "@a",
    ":",
    "#",
    "#AbC1",
    "http://",
    "x.y",
    "😂",
    "\u200d",
    "\ufe0f",
]
PIECES += [
    "\0",
    "\ud83d",
    "\r",
    "\x07",
    " ",
    "1",
    "_",
    "&#",
    "x26;",
    "www.",
    "…",
    ")",
    "🇩🇪",
    "🏽",
    "\u202e",
    "Ⅷ",
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=())), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
)
CHOICES = st.fixed_dictionaries(
    {
        name: st.sampled_from(field.annotation.__args__)  # type: ignore[union-attr]
        for name, field in TextCleaningParams.model_fields.items()
    }
)


@settings(max_examples=400, deadline=None)
@given(TEXTS, CHOICES)
def test_any_text_is_cleaned_once_and_for_all_or_refused(text: str, params: dict[str, str]) -> None:
    try:
        once = cleaned(text, **params)
    except UnusableError as error:
        assert error.reason in {"empty_text", "empty_after_cleaning", "unsettled_text"}
        error.detail.encode()
        return
    assert once and once == once.strip() and "\0" not in once
    once.encode("utf-8")
    assert cleaned(once, **params) == once


def test_the_embedded_default_leaves_every_name_as_it_is() -> None:
    text = load(ROOT / "params.yaml").pairs.text
    for glyph in read_glyphs():
        for name in glyph.names:
            assert clean_text(name, text) == name


def test_choices_are_words_in_yaml() -> None:
    # a bare yes, no, on or off would be read as true or false
    for field in TextCleaningParams.model_fields.values():
        for choice in field.annotation.__args__:  # type: ignore[union-attr]
            assert yaml.safe_load(choice) == choice
