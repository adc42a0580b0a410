"""Titles in scripts other than Latin: each of a list of beginnings with each of a list of ends."""

from itertools import product

BEGINNINGS, ENDS = 15, 14
AUTHORS = {
    "Chinese": "林晓梅",
    "Cyrillic": "Анна Петрова",
    "Arabic": "سامر حداد",
    "Hebrew": "נועה לוי",
}
_PARTS = {
    "Chinese": (
        "山中的 北方的 失落的 最后的 雪夜的 月下的 城里的 海上的 青春的 "
        "秋天的 黄昏的 故乡的 春天的 河边的 沉默的",
        "来信 旅人 花园 灯火 老屋 钟声 渡口 孩子 秘密 歌者 书店 火车 医生 桥",
    ),
    "Cyrillic": (
        "Тайна|Дочь|Песня|Берега|Хроника|Сад|Возвращение|Последний день|Голос|Письма|Тень|История|"
        "Дорога|Музыка|Сын",
        "старого замка|северного моря|тихой реки|зимнего города|белой ночи|забытого дома|"
        "синей птицы|дальнего холма|чёрного леса|маленькой школы|первого снега|хрустальной горы|"
        "ювелирной лавки|осеннего вокзала",
    ),
    "Arabic": (
        "سر|ابنة|أغنية|حكاية|حديقة|عودة|صوت|رسائل|ظل|تاريخ|طريق|موسيقى|ابن|أيام|مفتاح",
        "القصر القديم|البحر الشمالي|النهر الهادئ|المدينة البيضاء|الليلة الأخيرة|البيت المنسي|"
        "الطائر الأزرق|الجبل البعيد|الغابة السوداء|المدرسة الصغيرة|الثلج الأول|السوق الكبير|"
        "القطار السريع|الجزيرة الخضراء",
    ),
    "Hebrew": (
        "סוד|בת|שיר|סיפור|גן|קול|מכתבי|צל|תולדות|דרך|מנגינת|בן|ימי|מפתח|חלום",
        "הבית הישן|הים הצפוני|הנהר השקט|העיר הלבנה|הלילה האחרון|הארמון הנשכח|הציפור הכחולה|"
        "ההר הרחוק|היער השחור|הכיתה הקטנה|השלג הראשון|השוק הגדול|הרכבת המהירה|האי הירוק",
    ),
}


def titles_in(script: str, number: int) -> list[str]:
    """Return different titles in a script, at most 210."""
    beginnings, ends = (part.split("|") if "|" in part else part.split() for part in _PARTS[script])
    assert (len(beginnings), len(ends)) == (BEGINNINGS, ENDS)
    gap = "" if script == "Chinese" else " "
    # By diagonals, so that the first few have different beginnings and different ends.
    pairs = product(range(BEGINNINGS), range(ENDS))
    ordered = sorted(pairs, key=lambda at: ((at[0] - at[1]) % BEGINNINGS, at))
    return [f"{beginnings[a]}{gap}{ends[b]}" for a, b in ordered][:number]
