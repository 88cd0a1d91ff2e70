"""Function words of languages written with spaces: what a title is full of and says nothing about its
subject.

Closed classes only (articles, pronouns, prepositions, conjunctions, auxiliaries, the commonest adverbs). The
long lists of search engines hold words such as "computer", "index" or "test", which are somebody's interest.
"""

ENGLISH = """
a about above across after again against all almost along already also although always am among an and
another any anybody anyone anything anywhere are aren't around as at away back be became because become
becomes been before behind being below between both but by came can can't cannot come comes could couldn't
did didn't do does doesn't doing don't done down during each either else enough etc even ever every everybody
everyone everything everywhere few for from further get gets getting give given gives go goes going gone got
had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself his how
how's however i i'd i'll i'm i've if in instead into is isn't it it's its itself just keep keeps kept least
less let let's like made make makes making many may maybe me might mine more most much must my myself near
need needed needs neither never next no nobody none nor not nothing now nowhere of off often oh on once one
ones only onto or other others otherwise ought our ours ourselves out over own per perhaps please put quite
rather really said same say says see seem seems seen several shall she she's should shouldn't since so some
somebody someone something sometimes somewhere soon still such take takes taken taking than that that's the
their theirs them themselves then there there's these they they'd they'll they're they've this those though
through thus to together too toward towards try trying two under until up upon us use used uses using very
via vs want wants was wasn't way ways we we'd we'll we're we've well were weren't what what's whatever when
where where's whether which while who who's whom whose why why's will with within without won't would
wouldn't yes yet you you'd you'll you're you've your yours yourself yourselves
"""

PORTUGUESE = """
a à ainda além algo alguém algum alguma algumas alguns ao aos apenas após aquela aquele aqueles aqui aquilo
as às assim até cada com como contra cujo da daquele das de dela dele deles depois desde dessa desse desta
deste deve devem disso disto do dos durante e é ela elas ele eles em enquanto entre era eram essa essas esse
esses esta está estamos estão estas estava este estes eu faz fazem fazer foi fora foram há isso isto já lá
lhe lhes mais mas me mesmo meu meus minha minhas muito muitos na nada não nas nem nenhum nessa nesse nesta
neste no nos nós nossa nossas nosso nossos num numa o onde os ou outra outras outro outros para pela pelas
pelo pelos pode podem poderá por porque porquê pra qual quais quando quanto que quê quem quer são se sem
sempre ser será serão seu seus si sido sim só sob sobre sua suas também tão te tem têm tinha toda todas todo
todos tu tua tudo um uma umas uns vai vão você vocês
"""

SPANISH = """
a al algo alguien algún alguna algunas alguno algunos ante antes aquel aquella aquí así aún aunque bajo bien
cada casi como cómo con contra cual cuál cuáles cuando cuándo cuanto de del desde donde dónde durante e el él
ella ellas ellos en entre era eran es esa ese eso esos esta está estaba están estar estas este esto estos fue
fueron ha hace hacen hacer hacia han hasta hay la las le les lo los más me mi mis mientras mismo muy nada ni
no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco por porque pues que qué quien quién
quienes se según ser será si sí sin sino sobre son su sus también tan tanto te tiene tienen toda todas todo
todos tras tu tus un una unas uno unos usted va y ya yo
"""

FRENCH = """
à afin ai ainsi alors après au aucun aucune aujourd'hui aussi autre autres aux avant avec avoir c'est car ce
ceci cela celle celles celui ces cet cette ceux chaque chez comme comment contre d'un d'une dans de déjà
depuis des donc dont du elle elles en encore entre est et être eu fait faire il ils j'ai je jusqu'à la là le
les leur leurs lors lorsque lui ma mais me même mes moins mon n'est ne ni nos notre nous on ont or ou où par
parce pas pendant peu peut peuvent plus pour pourquoi pourra qu'il qu'un quand que quel quelle quelles quels
qui quoi s'est sa sans se sera ses si son sont sous sur ta tandis tant te tes ton toujours tous tout toute
toutes très tu un une vers voici voilà vos votre vous y
"""

GERMAN = """
ab aber alle allem allen aller alles als also am an ander andere anderen anderer auch auf aus bei beim bin
bis bist da dabei damit dann das dass dazu dein deine dem den denn der des dessen die dies diese diesem
diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch für gegen hab habe
haben hat hatte hatten hier ihm ihn ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jetzt
kann kein keine keinen können könnte man mehr mein meine mich mir mit nach nicht nichts noch nun nur ob oder
ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so soll sollen sollte sondern über um und
uns unser unsere unter viel vom von vor wann war waren warum was weil wenn wer werde werden wie wieder will
wir wird wo wurde wurden zu zum zur zwischen
"""

ITALIAN = """
a abbiamo agli ai al alla alle allo anche ancora avere aveva c'è che chi ci ciò coi col come con contro cui
da dagli dai dal dalla dalle dallo degli dei del dell' della delle dello dentro di dopo dove due e è ed era
erano essere fa fino fra fu gli già ha hai hanno ho i il in invece io la le lei li lo loro lui ma mai me meno
mentre mi mia mie mio molto ne negli nei nel nella nelle nello noi non nostra nostro o ogni oltre per perché
però più poi prima può qua qual quale quali quando quanto quella quelle quelli quello questa queste questi
questo qui se sei sempre senza si sia siamo sono sotto sta stata stati stato su sua sue sugli sui sul sulla
sulle suo suoi tra tu tua tutte tutti tutto un una uno va vi voi
"""

DUTCH = """
aan al alle alleen als altijd andere ben bij bijna binnen dan dat de deze die dit doen door dus een elk en er
ergens geen had heb hebben heeft hem het hier hij hoe hun ik in is je jij jullie kan kon kunnen maar meer men
met mij mijn moet na naar niet niets nog nu of om omdat ons onze ook op over te tegen toch toen tot tussen u
uit uw van vanaf veel voor waar waarom wanneer want waren was wat we wel werd wie wij wil worden wordt zal ze
zei zelf zich zij zijn zo zonder zou
"""

LANGUAGES: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split()) for words in (ENGLISH, PORTUGUESE, SPANISH, FRENCH, GERMAN, ITALIAN, DUTCH)
)
"""English first: it decides where no language does."""
GERMAN_WORDS = frozenset(GERMAN.split())


_SPOKEN_IN: dict[str, list[int]] = {}
"""Word -> the positions of the languages that it is a stop word of."""
for _position, _language in enumerate(LANGUAGES):
    for _stop in _language:
        _SPOKEN_IN.setdefault(_stop, []).append(_position)


def stop_words(words: list[str]) -> frozenset[str]:
    """The stop words of the language that most of the (lower-case) words speak for; English in doubt."""
    votes = [0] * len(LANGUAGES)
    for word in words:
        for language in _SPOKEN_IN.get(word, ()):
            votes[language] += 1
    return LANGUAGES[votes.index(max(votes))]


def is_stop_word(word: str) -> bool:
    """Whether a word, as it is written, is a stop word of any of the languages: titles mix them."""
    return word in _SPOKEN_IN
