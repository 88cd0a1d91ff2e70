"""What the simulated community writes and reads about: topics in English and Korean, each with the parts of
its titles.

A title is a pattern with a word, a thing and an aspect of its topic filled in. Written for this project.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A topic, and what titles about it are made of."""

    name: str
    language: str
    words: tuple[str, ...]
    """What it is called; most titles say it."""
    things: tuple[str, ...]
    aspects: tuple[str, ...]


PATTERNS = {
    "en": (
        "{word}: what we learned about {aspect} from {thing}",
        "{word}: a practical guide to {aspect} with {thing}",
        "Why {thing} changed how we think about {aspect} in {word}",
        "{thing} and the trouble with {aspect} in {word}",
        "How to get {aspect} right: {thing} for {word}",
        "{word} questions: {aspect} and {thing}",
        "{word} this week: {thing} and {aspect}",
        "Is {thing} still the best choice for {aspect}?",
    ),
    "ko": (
        "{word} {thing} {aspect} 후기",
        "{word} {aspect}, {thing}로 시작하는 방법",
        "요즘 {word} {thing} {aspect} 어떻게 하세요?",
        "{word} {thing} {aspect} 총정리",
        "초보를 위한 {word} {thing} {aspect} 안내",
        "{thing}에서 배운 {word} {aspect}의 기본",
        "{word} {aspect} 때문에 {thing} 고민입니다",
        "{thing}와 {aspect}, 무엇이 다를까",
    ),
}

TOPICS = (
    Topic(
        "vector search",
        "en",
        ("vector search", "semantic search"),
        (
            "HNSW",
            "approximate nearest neighbours",
            "a vector database",
            "product quantization",
            "hybrid search",
            "embedding models",
        ),
        (
            "recall at low latency",
            "index memory",
            "filtered vector queries",
            "reranking results",
            "embedding drift",
        ),
    ),
    Topic(
        "Python",
        "en",
        ("Python", "Python code"),
        (
            "asyncio",
            "type hints",
            "a Python packaging tool",
            "dataclasses",
            "the Python import system",
            "pytest fixtures",
        ),
        (
            "clean Python code",
            "slow test suites",
            "concurrency in Python",
            "dependency pins",
            "refactoring modules",
        ),
    ),
    Topic(
        "trail running",
        "en",
        ("trail running", "trail runners"),
        (
            "a mountain ultramarathon",
            "trail shoes",
            "hill repeats",
            "a running vest",
            "altitude training",
            "a muddy trail race",
        ),
        ("pacing long climbs", "downhill running", "ankle injuries", "fuelling on the run", "recovery weeks"),
    ),
    Topic(
        "coffee",
        "en",
        ("coffee", "home coffee"),
        (
            "an espresso machine",
            "pour-over coffee",
            "a burr grinder",
            "light-roast beans",
            "cold brew",
            "milk steaming",
        ),
        ("even extraction", "grind size", "water temperature", "bitter shots", "dialing in beans"),
    ),
    Topic(
        "city cycling",
        "en",
        ("cycling", "city cycling"),
        (
            "a cargo bike",
            "protected bike lanes",
            "an e-bike battery",
            "winter bike commuting",
            "a folding bicycle",
            "bike theft",
        ),
        (
            "commuting by bicycle",
            "road safety for cyclists",
            "carrying children by bike",
            "bike parking",
            "riding in the rain",
        ),
    ),
    Topic(
        "houseplants",
        "en",
        ("houseplants", "indoor plants"),
        (
            "a monstera cutting",
            "grow lights",
            "a fern in the bathroom",
            "potting soil",
            "orchid roots",
            "succulents on a sill",
        ),
        ("watering houseplants", "yellow leaves", "repotting", "fungus gnats", "propagation in water"),
    ),
    Topic(
        "bread",
        "en",
        ("bread baking", "sourdough bread"),
        (
            "a sourdough starter",
            "rye flour",
            "a Dutch oven",
            "high-hydration dough",
            "overnight proofing",
            "a lame and scoring",
        ),
        ("an open crumb", "dense loaves", "oven spring", "shaping wet dough", "sour flavour in bread"),
    ),
    Topic(
        "photography",
        "en",
        ("photography", "photography basics"),
        (
            "a 35mm lens",
            "film cameras",
            "street photography",
            "a tripod at dusk",
            "black-and-white prints",
            "RAW files",
        ),
        ("natural light portraits", "composition", "exposure at night", "editing photos", "shooting in fog"),
    ),
    Topic(
        "personal finance",
        "en",
        ("personal finance", "household money"),
        (
            "an index fund",
            "a first mortgage",
            "pension contributions",
            "an emergency fund",
            "tax-free savings",
            "a household budget",
        ),
        ("saving on a small income", "interest rates", "investment fees", "retiring early", "debt repayment"),
    ),
    Topic(
        "board games",
        "en",
        ("board games", "tabletop games"),
        (
            "a worker-placement game",
            "deck building",
            "a two-player war game",
            "cooperative dungeon games",
            "auction games",
            "solo board games",
        ),
        ("teaching rules", "short game nights", "player elimination", "replay value", "analysis paralysis"),
    ),
    Topic(
        "캠핑",
        "ko",
        ("캠핑", "캠핑 장비"),
        ("백패킹 텐트", "화로대", "차박 매트", "동계 캠핑 침낭", "타프", "캠핑 의자"),
        ("설치 요령", "결로 방지", "겨울 난방", "짐 줄이기", "캠핑장 예약"),
    ),
    Topic(
        "반려견",
        "ko",
        ("반려견", "강아지"),
        ("강아지 사료", "강아지 산책", "노령견 건강검진", "배변 훈련", "강아지 미용", "유기견 입양"),
        ("분리불안 해결", "알레르기 관리", "예방접종 일정", "짖음 교정", "치아 관리"),
    ),
    Topic(
        "재테크",
        "ko",
        ("재테크", "재테크 기초"),
        ("ETF 적립식 투자", "주택 청약", "연금저축 계좌", "배당주", "파킹통장", "ISA 계좌"),
        ("세액공제 한도", "금리 비교", "수수료 절약", "포트폴리오 구성", "사회초년생 저축"),
    ),
    Topic(
        "육아",
        "ko",
        ("육아", "육아 정보"),
        ("이유식", "아기 수면 교육", "유아차", "어린이집 적응", "기저귀 떼기", "초등 입학 준비"),
        ("월령별 식단", "밤중 수유 끊기", "준비물 목록", "부모 역할 분담", "놀이 교육"),
    ),
    Topic(
        "한식 요리",
        "ko",
        ("한식 요리", "집밥 요리"),
        ("김치찌개", "된장 담그기", "비빔국수 양념", "갈비찜", "전통 장아찌", "냉이 무침"),
        ("육수 내기", "간 맞추기", "묵은지 활용", "압력솥 조리 시간", "제철 재료 손질"),
    ),
    Topic(
        "K리그",
        "ko",
        ("K리그", "K리그 축구"),
        (
            "K리그 개막전",
            "수비수 이적",
            "홈 경기 직관",
            "유소년 축구단",
            "승강 플레이오프",
            "축구 대표팀 감독",
        ),
        ("전술 분석", "득점 장면", "응원 문화", "선수단 연봉", "경기장 좌석 추천"),
    ),
)
