"""What a board's page says, in English and in Vietnamese."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from api.boards import Amount, Shown

_ONE_DAY = timedelta(days=1)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. Those with {braces} are filled in."""

    language: str
    missing: str
    of_brand: str
    leads: str
    choose: str
    everywhere: str
    columns: tuple[str, str, str]
    periods: Mapping[str, str]
    states: Mapping[str, str]
    one_member: str
    many_members: str
    nobody: str
    back: str
    on: str
    since: str
    until: str
    always: str
    embed_title: str
    embed_text: str
    footer: str

    def members(self, size: int) -> str:
        """Return how many are on a board."""
        return self.one_member if size == 1 else self.many_members.format(size=size)


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="English",
        missing="There is no such board.",
        of_brand="The leaderboard of {brand}",
        leads="{name} leads with {score}",
        choose="Periods and places",
        everywhere="Everywhere",
        columns=("Rank", "Name", "Score"),
        periods={
            "day": "Today",
            "week": "This week",
            "month": "This month",
            "season": "Season",
            "rolling": "Last days",
            "all": "All time",
        },
        states={
            "live": "Live",
            "frozen": "Final",
            "rebuilding": "Being counted again; back in a moment",
            "away": "No news just now",
        },
        one_member="1 member",
        many_members="{size:,} members",
        nobody="Nobody yet: the first place is free.",
        back="← Before",
        on="Next →",
        since="{first} \u2013 {last}",
        until="{name}, until {last}",
        always="Since the beginning",
        embed_title="Show this board on your own page",
        embed_text="Two lines, on any site; it stays live by itself.",
        footer="Names are those that members chose to show.",
    ),
    "vi": Words(
        language="Tiếng Việt",
        missing="Không có bảng xếp hạng này.",
        of_brand="Bảng xếp hạng của {brand}",
        leads="{name} đang dẫn đầu với {score}",
        choose="Kỳ và nơi",
        everywhere="Mọi nơi",
        columns=("Hạng", "Tên", "Điểm"),
        periods={
            "day": "Hôm nay",
            "week": "Tuần này",
            "month": "Tháng này",
            "season": "Mùa",
            "rolling": "Những ngày qua",
            "all": "Từ trước đến nay",
        },
        states={
            "live": "Trực tiếp",
            "frozen": "Kết quả cuối",
            "rebuilding": "Đang tính lại; sẽ có ngay",
            "away": "Tạm chưa có tin mới",
        },
        one_member="1 thành viên",
        many_members="{size:,} thành viên",
        nobody="Chưa có ai: hạng nhất còn trống.",
        back="← Trước",
        on="Tiếp →",
        since="{first} \u2013 {last}",
        until="{name}, đến {last}",
        always="Từ ngày đầu",
        embed_title="Đặt bảng này lên trang của bạn",
        embed_text="Hai dòng, trên trang nào cũng được; bảng tự cập nhật.",
        footer="Tên là tên mà thành viên đã chọn để hiện.",
    ),
}


def span_of(shown: Shown, language: str) -> str:
    """Return from when to when a board counts."""
    words = WORDS[language]
    if shown.starts_on is None or shown.ends_on is None:
        return words.always
    last = shown.ends_on - _ONE_DAY
    season = shown.season(language)
    if season is not None:
        return words.until.format(name=season, last=_day(last, language))
    if shown.starts_on == last:
        return _day(last, language)
    return words.since.format(first=_day(shown.starts_on, language), last=_day(last, language))


def written(amount: Amount, language: str) -> str:
    """Return a score as people of a language write it: 1,234.50 and 1.234,50."""
    text = f"{amount.value:,f}"
    if language == "vi":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"{text} {amount.currency}" if amount.currency else text


def _day(day: date, language: str) -> str:
    if language == "vi":
        return f"{day.day}/{day.month}/{day.year}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
