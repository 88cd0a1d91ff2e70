// The words of the page, in the languages it speaks.

const WORDS = {
  en: {
    skip: "Skip to the content", home: "Home", map: "Map", search: "Search", searchLabel: "Find documents by meaning, or a reader by id",
    language: "Language", documents: "Documents", readers: "Readers", clicksLastMinute: "Clicks in the last minute",
    clicksByMinute: "Clicks by minute, the last hour", latest: "Latest changes", noChanges: "No click since the service was started.",
    noReaders: "No reader has clicked yet.", interests: "Interests", noInterests: "No interests yet: nothing was clicked.",
    next: "What to show next", nothing: "Nothing passes.",
    whatIf: "What if?", whatIfLabel: "What if this reader clicked “{0}”?", imagined: "Imagined: {0}. Nothing of it is kept.",
    oneClick: "one click", manyClicks: "{0} clicks", back: "Back to what is", created: "a new interest: {0}", reinforced: "grew: {0}", merged: "{1} interests merged into {0}",
    ignored: "nothing new", letGo: "let go of: {0}", river: "Interests over time", riverLabel: "Interests of {0} over time: {1} bands. Each click is told in words below.",
    time: "Moment", momentOf: "click {0} of {1}, {2}: “{3}”", now: "now", play: "Play", stop: "Stop", eachClick: "Every click, in words",
    incomplete: "Only the latest clicks are kept: the picture begins with the first of these.", documentsOf: "{0} documents", documentOf: "1 document",
    lastSeen: "last {0}", showDocuments: "Which documents", tryAny: "Imagine a click on any document", tryLabel: "Words of a document to imagine a click on",
    published: "Published", recent: "Clicks of late", readersCare: "What its readers care about", ofReaders: "{0} of {1} readers looked at have an interest that holds it.",
    similar: "Similar documents", communityMap: "What the community cares about", mapAbout: "Each dot is an interest of somebody, near to those that mean the like. {0} readers, {1} interests. It does not say whose they are.",
    groups: "Groups", interestsIn: "{0} interests", noMap: "Nobody has interests yet.", foundReaders: "Readers with that in their id", foundDocuments: "Documents by meaning",
    tokenNeeded: "This service asks for a token", token: "Token", tokenRefused: "That token was refused: it is another one, or it may not read.", use: "Use it", failed: "It did not work: {0}", offline: "The service does not answer.",
    ofNow: "This is the list of now, not of that moment.", position: "position {0}", attributes: "Attributes", kept: "at this moment", score: "score {0}", loading: "Loading …", notFound: "There is no such page.",
    wishes: "What this reader asked for", wishLabel: "In a few words", more: "More", less: "Less", moreOf: "more about {0}", lessOf: "less about {0}",
    moreLabel: "Show more about “{0}”", lessLabel: "Show less about “{0}”", takeBack: "Take back: {0}", noWishes: "Nothing yet.", "kind-wish": "asked for",
    readNow: "Read of late", newest: "New", noTimes: "No document has a time.", trends: "What readers care about of late", ofLate: "{0} readers of late, of {1}", findReader: "Find a reader by any part of the id", lessons: "Clicks that taught the blend", tower: "Trained tower", none: "none",
    experiments: "Experiments", noExperiment: "No experiment runs, or nobody was shown anything yet.", variant: "Variant", clicksPerReader: "Clicks a reader", lift: "Lift", difference: "95 % of the difference", pValue: "p", anyLook: "95 % at any number of looks", fromTo: "{0} to {1}", mismatch: "The readers of the variants do not fit their shares: do not trust these numbers before you know why.",
    compare: "Compare", twoLists: "Two readers, or one by two settings", left: "Left", right: "Right", readerId: "A reader's id", diversity: "Diversity, 0 to 1", explore: "Explore, 0 to 1", where: "Only documents with", scorer: "Scorer", inBoth: "{0} documents are in both lists.", both: "in both",
    rules: "Filters and rules to try", k: "How many", copy: "Copy", copied: "Copied", chance: "{0} %", chanceMeans: "Chance of a click, given one among the candidates",
    whyFor: "Why, or why not, for a reader", ask: "Ask", place: "Place {0} of {1} candidates.", firstAhead: "The first is {0} ahead: {1}.", "left-read": "Not shown: this reader read it.", "left-dismissed": "Not shown: this reader dismissed it.", "left-hidden": "Not shown: it is hidden.", "left-expired": "Not shown: it has expired.", "left-far": "Not shown: it is far from all that finds candidates.",
    personal: "For this reader", asSet: "as the state is set", ofPlaces: "{0} % of the places", own: "the reader's own place",
    came: "came in", up: "up {0}", evidence: "What spoke for it, and how much", weighed: "In numbers", "kind-interest": "interests", "kind-words": "words", "kind-attributes": "attributes", "kind-freshness": "freshness",
    "kind-trend": "trend", "kind-popularity": "popularity", "kind-readers": "like readers", "kind-taste": "what comes next", "kind-dismissed": "dismissed", "kind-shown": "shown before",
  },
  ko: {
    skip: "본문으로 건너뛰기", home: "홈", map: "지도", search: "찾기", searchLabel: "뜻으로 문서 찾기, 또는 독자 아이디",
    language: "언어", documents: "문서", readers: "독자", clicksLastMinute: "지난 1분간 클릭",
    clicksByMinute: "지난 한 시간, 분당 클릭", latest: "최근 변화", noChanges: "서비스가 시작된 뒤로 클릭이 없습니다.",
    noReaders: "아직 클릭한 독자가 없습니다.", interests: "관심사", noInterests: "아직 관심사가 없습니다. 클릭한 것이 없습니다.",
    next: "다음에 보여줄 것", nothing: "해당하는 것이 없습니다.",
    whatIf: "클릭한다면?", whatIfLabel: "이 독자가 “{0}”을(를) 클릭한다면?", imagined: "가정: {0}. 아무것도 저장되지 않습니다.",
    oneClick: "클릭 한 번", manyClicks: "클릭 {0}번", back: "실제로 돌아가기", created: "새 관심사: {0}", reinforced: "커짐: {0}", merged: "관심사 {1}개가 합쳐짐: {0}",
    ignored: "새로운 것 없음", letGo: "사라짐: {0}", river: "시간에 따른 관심사", riverLabel: "{0}의 시간에 따른 관심사: 띠 {1}개. 아래에 클릭마다 말로 설명합니다.",
    time: "시점", momentOf: "클릭 {1}개 중 {0}번째, {2}: “{3}”", now: "지금", play: "재생", stop: "멈춤", eachClick: "모든 클릭을 말로",
    incomplete: "최근 클릭만 보관합니다. 그림은 그 첫 클릭에서 시작합니다.", documentsOf: "문서 {0}개", documentOf: "문서 1개",
    lastSeen: "마지막 {0}", showDocuments: "어떤 문서", tryAny: "아무 문서나 클릭을 가정해 보기", tryLabel: "클릭을 가정할 문서의 낱말",
    published: "발행", recent: "최근 클릭", readersCare: "이 문서 독자들의 관심", ofReaders: "살펴본 독자 {1}명 중 {0}명에게 이 문서가 든 관심사가 있습니다.",
    similar: "비슷한 문서", communityMap: "커뮤니티의 관심", mapAbout: "점 하나가 누군가의 관심사이며, 뜻이 비슷하면 가까이 있습니다. 독자 {0}명, 관심사 {1}개. 누구의 것인지는 알려 주지 않습니다.",
    groups: "무리", interestsIn: "관심사 {0}개", noMap: "아직 관심사가 있는 독자가 없습니다.", foundReaders: "아이디에 이 말이 든 독자", foundDocuments: "뜻이 가까운 문서",
    tokenNeeded: "이 서비스는 토큰이 필요합니다", token: "토큰", tokenRefused: "거절된 토큰입니다. 다른 토큰이거나 읽을 권한이 없습니다.", use: "사용", failed: "실패했습니다: {0}", offline: "서비스가 응답하지 않습니다.",
    ofNow: "지금의 목록이며, 그 시점의 목록이 아닙니다.", position: "{0}번째", attributes: "속성", kept: "이 시점", score: "점수 {0}", loading: "불러오는 중 …", notFound: "그런 페이지가 없습니다.",
    wishes: "이 독자가 바란 것", wishLabel: "몇 낱말로", more: "더 보기", less: "덜 보기", moreOf: "더: {0}", lessOf: "덜: {0}",
    moreLabel: "“{0}” 더 보여 주기", lessLabel: "“{0}” 덜 보여 주기", takeBack: "되돌리기: {0}", noWishes: "아직 없습니다.", "kind-wish": "바란 것",
    readNow: "최근 읽힌 문서", newest: "새 문서", noTimes: "발행 시각이 있는 문서가 없습니다.", trends: "요즘 독자들의 관심", ofLate: "최근 독자 {0}명, 전체 {1}명", findReader: "아이디의 일부로 독자 찾기", lessons: "학습에 쓰인 클릭", tower: "학습된 타워", none: "없음",
    experiments: "실험", noExperiment: "진행 중인 실험이 없거나 아직 아무에게도 보이지 않았습니다.", variant: "변형", clicksPerReader: "독자당 클릭", lift: "증가", difference: "차이의 95 %", pValue: "p", anyLook: "언제 봐도 되는 95 %", fromTo: "{0}~{1}", mismatch: "변형별 독자 수가 비율과 맞지 않습니다. 이유를 알기 전에는 믿지 마십시오.",
    compare: "비교", twoLists: "두 독자, 또는 두 설정", left: "왼쪽", right: "오른쪽", readerId: "독자 아이디", diversity: "다양성, 0~1", explore: "탐색, 0~1", where: "문서 조건", scorer: "점수 방식", inBoth: "문서 {0}개가 양쪽에 있습니다.", both: "양쪽에",
    rules: "필터와 규칙 시험", k: "개수", copy: "복사", copied: "복사됨", chance: "{0} %", chanceMeans: "후보 중 하나를 클릭할 때 이 문서일 확률",
    whyFor: "한 독자에게 보이는 이유, 보이지 않는 이유", ask: "묻기", place: "후보 {1}개 중 {0}번째.", firstAhead: "첫째가 {0}만큼 앞섭니다: {1}.", "left-read": "보이지 않음: 이미 읽었습니다.", "left-dismissed": "보이지 않음: 독자가 거절했습니다.", "left-hidden": "보이지 않음: 숨긴 문서입니다.", "left-expired": "보이지 않음: 기한이 지났습니다.", "left-far": "보이지 않음: 후보를 찾는 모든 것에서 멉니다.",
    personal: "이 독자를 위한 자리", asSet: "상태의 설정대로", ofPlaces: "자리의 {0} %", own: "독자의 자리",
    came: "새로 들어옴", up: "{0}계단 위로", evidence: "추천 근거와 그 크기", weighed: "숫자로", "kind-interest": "관심사", "kind-words": "낱말", "kind-attributes": "속성", "kind-freshness": "최신성",
    "kind-trend": "추세", "kind-popularity": "인기", "kind-readers": "비슷한 독자", "kind-taste": "다음에 읽는 글", "kind-dismissed": "거절함", "kind-shown": "이미 보임",
  },
};

const KEY = "penchant-language";
let language = remembered() || ((navigator.language || "en").startsWith("ko") ? "ko" : "en");

function remembered() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

export function speak(chosen) {
  language = WORDS[chosen] ? chosen : "en";
  try { localStorage.setItem(KEY, language); } catch { /* private windows */ }
  document.documentElement.lang = language;
}

export const spoken = () => language;

export function say(key, ...values) {
  return values.reduce((text, value, n) => text.replaceAll(`{${n}}`, () => String(value)), WORDS[language][key]);
}

// The word for a kind of evidence; a kind that has none is called by its own name.
export const kindName = (kind) => WORDS[language][`kind-${kind}`] ?? kind;

export const number = (value) => new Intl.NumberFormat(language).format(value);

export function moment(at) {
  if (at < 1e8) return say("position", number(at));
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at * 1000));
}

export function day(at, long = false) {
  if (at < 1e8) return number(Math.round(at));
  return new Intl.DateTimeFormat(language, { month: "short", day: "numeric", ...(long && { year: "numeric" }) }).format(new Date(at * 1000));
}
