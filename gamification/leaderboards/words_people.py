"""The words that made-up names are put together from, as many of each kind in each language."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """Two lists of words, and the form of a name; ``nobody`` stands where there is no name yet."""

    qualities: tuple[str, ...]
    animals: tuple[str, ...]
    form: str
    nobody: str


_EN_QUALITIES = (
    "Amber Ancient Brave Bright Brisk Calm Careful Cheerful Clever Cosy Crimson Curious Daring"
    " Dapper Eager Early Elegant Fancy Fearless Fleet Friendly Gentle Gleaming Golden Graceful"
    " Happy Hardy Honest Humble Ivory Jolly Keen Kind Lively Loyal Lucky Mellow Merry Mighty"
    " Modest Nimble Noble Olive Patient Playful Polite Proud Quick Quiet Radiant Restful Royal"
    " Silver Sincere Smiling Snowy Steady Sunny Swift Tidy Valiant Velvet Warm Witty"
)
_EN_ANIMALS = (
    "Albatross Badger Beaver Bison Bluebird Butterfly Camel Cardinal Cheetah Chipmunk Condor"
    " Cormorant Cricket Dolphin Dormouse Dragonfly Eagle Egret Elephant Falcon Finch Firefly"
    " Flamingo Fox Gazelle Gecko Giraffe Hare Hedgehog Heron Hummingbird Ibis Kestrel Kingfisher"
    " Koala Lark Lemur Leopard Lynx Magpie Marmot Meerkat Nightingale Ocelot Oriole Osprey Otter"
    " Owl Panda Panther Pelican Penguin Puffin Quail Raven Robin Seal Sparrow Squirrel Starling"
    " Swallow Swan Tiger Turtle"
)
_VI_QUALITIES = (
    "Ấm Áp,An Nhiên,Bạc,Bền Bỉ,Biếc,Bình An,Can Đảm,Cẩn Thận,Chăm Chỉ,Chân Thành,Cần Cù,Dịu Dàng,"
    "Duyên Dáng,Dũng Cảm,Đáng Yêu,Điềm Tĩnh,Đỏ Thắm,Gan Dạ,Hài Hước,Hân Hoan,Hiền Hòa,Hiếu Kỳ,"
    "Hồn Nhiên,Hùng Dũng,Hòa Nhã,Kiên Nhẫn,Kiên Cường,Khéo Léo,Khiêm Tốn,Lạc Quan,Lanh Lợi,"
    "Lấp Lánh,Lịch Lãm,Linh Hoạt,May Mắn,Mạnh Mẽ,Mềm Mại,Mơ Màng,Năng Động,Nhanh Nhẹn,Nhân Hậu,"
    "Nhiệt Tình,Nhẹ Nhàng,Rạng Rỡ,Rực Rỡ,Sáng Suốt,Sôi Nổi,Tài Ba,Tế Nhị,Thanh Lịch,Thân Thiện,"
    "Thảnh Thơi,Thật Thà,Thông Minh,Tinh Anh,Tinh Tế,Trầm Lặng,Trung Thành,Tươi Tắn,Tự Tin,"
    "Vàng,Vui Vẻ,Vững Vàng,Xinh Xắn"
)
_VI_ANIMALS = (
    "Báo Đốm,Bồ Câu,Bồ Nông,Bươm Bướm,Cá Heo,Cá Voi,Cánh Cụt,Chào Mào,Chích Chòe,Chim Én,Chim Ri,"
    "Chim Sâu,Chim Sẻ,Chim Ưng,Chồn Hương,Chuồn Chuồn,Cò Trắng,Công,Cú Mèo,Đại Bàng,Đom Đóm,"
    "Gấu Trúc,Gõ Kiến,Hải Âu,Hải Ly,Hạc,Hươu Sao,Hoàng Anh,Họa Mi,Hồng Hạc,Hổ,Kỳ Lân,Khướu,Lạc Đà,"
    "Linh Dương,Linh Miêu,Mèo Rừng,Nai,Ngỗng Trời,Nhím,Ong Mật,Phượng Hoàng,Quạ,Rái Cá,Rùa Biển,"
    "Sáo Sậu,Sếu,Sóc,Sơn Ca,Sơn Dương,Sư Tử,Tắc Kè,Thiên Nga,Thỏ,Thỏ Rừng,Trâu,Tu Hú,Uyên Ương,"
    "Vàng Anh,Vạc,Vẹt,Voi,Vượn,Yến"
)

WORDS: Mapping[str, Words] = {
    "en": Words(
        tuple(_EN_QUALITIES.split()),
        tuple(_EN_ANIMALS.split()),
        "{quality} {animal} {number}",
        "Somebody",
    ),
    "vi": Words(
        tuple(_VI_QUALITIES.split(",")),
        tuple(_VI_ANIMALS.split(",")),
        "{animal} {quality} {number}",
        "Một người",
    ),
}
"""By language. The words are no translations; the number of a name is the same in all."""
