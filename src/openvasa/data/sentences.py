"""Sentences written for synthetic training speech, rich in lip closures and rounded vowels.

Knows nothing of voices or files. The text is the project's own (Apache-2.0).
"""

from __future__ import annotations

_EN = """
My mother bought a bowl of plums from the market by the bridge.
Bob, please bring me the map before we move the boat!
Who knew you could do that with two blue spoons?
Peter's puppy jumped up and bit the rubber balloon.
We believe every village deserves a wonderful view of the river.
Five of the photos were never meant for the family album.
Maybe we should improve the menu before the museum opens.
The weather was warm, and we walked home without our coats.
Do you remember the poem about the bumblebee and the moon?
Three thousand, four hundred and fifty-six people voted on Wednesday.
Show me how you fold a paper bird, would you?
I feel fine, thank you; my fever vanished over the weekend.
Wow, what a beautiful performance that was!
Put both boxes beside the piano, but be careful with the lamp.
Judge the book by its pages, never by the picture on the cover.
The farmer's wife found a foolish fox near the broken fence.
Oh no, I forgot to bring the umbrella again!
Choose a smooth stone and throw it as far as you can.
Mary's uncle teaches music and mathematics in Bombay.
Fish and chips, please, with a bit of vinegar and pepper.
Why would anyone wash a white shirt with a purple towel?
She sees the green leaves in the deep, cool evening breeze.
Every morning at eight, Emma makes me a cup of peppermint tea.
You have two options: move now, or wait until a quarter past twelve.
The brave pilot put the plane down on a bumpy, muddy field.
Please give the whole pie to the people who came on foot.
Both of my brothers have promised to help us move the furniture.
Could you repeat the number: seven, zero, nine, one, five?
The moon slowly rose above the roof of the old blue pub.
I'm happy to be back; I've missed all of you so much.
Vivian vowed to leave the valley before the first of November.
A simple smile may be worth more than a page of perfect words.
Ouch, that stove is hot; hop back before you burn your thumb!
How about a bowl of warm soup with mushrooms and beef?
The bubbles popped one by one above the bathroom mirror.
We'll meet in room forty-two, behind the movie theater.
Nobody knows who put the book on top of the open window.
Put your foot on the pedal and push it softly, please.
Few people believe me, yet it's the plain and simple truth.
When the whistle blows, everybody moves to the front of the boat.
Is there anything more peaceful than a lake in the early morning?
Phoebe photographs birds, bees and butterflies from above.
My favorite film is about a boy who builds a wooden robot.
The bakery sells brown bread, blueberry muffins and apple pie.
Come over here, I want to show you something very beautiful.
Mop up the milk before the cat finds it.
Above all, never move the lever while the machine is working.
Goodness me, you grew up so fast; how old are you now?
It will probably snow by Friday, so pack your woolen gloves.
Some songs begin with a whisper and finish with a boom.
A huge wave pushed the empty bottle up onto the beach.
He would rather bake beans than boil them, wouldn't he?
The wolf blew and blew, but the brick house never moved.
Open the map, follow the blue path, and stop at the pond.
You may choose pumpkin or beef; both come with brown rice.
My boss prefers simple pictures and very few bullet points.
Nine of the bells rang at noon, and the tenth fell silent.
If you move your lips, I can probably guess every word.
Let us begin with the basic question: what makes us human?
The bus for Bristol leaves from platform number eight.
Wait, before you go, may I borrow your fountain pen?
Thirty-three thieves thought they had fooled the village.
We whisper in the library, but we may shout in the pool room.
Pam's pump is broken, but Ben may be able to fix it.
The movers wrapped the mirror in a thick brown blanket.
Yes, of course, I'd love to have a piece of that cheese.
Few things improve a rainy evening like a good, warm book.
You'll find the museum between the post office and the pub.
What a shame; the show was over before we even arrived.
Blow out the candles, make a wish, and cut the first piece!
Our neighbor's vacuum makes more noise than a jumbo jet.
Look, a rainbow! It goes from the mountain to the bay.
The jury used a blue room with big windows and oak tables.
She says she'd choose the shoes with the silver buckles.
Move the mouse a bit to the left, then push the button twice.
There's nothing like the smell of fresh coffee at five o'clock.
I wonder whether the weather will be warmer by the weekend.
Please be quiet; the baby is finally asleep upstairs.
The blue whale may be the biggest animal that has ever lived.
In June, my grandpa grows peas, beans, plums and roses.
Who would have thought that a pebble could move a mountain?
Everybody brought something: bread, butter, ham and mustard.
We believe in you, so be brave and make up your own mind.
It's a pity you missed the opening; the music was superb.
You two should probably move over to the other room.
Before breakfast we bathed in the bay below the bluff.
He fell off his bike and bruised both of his elbows.
The poor robot bumped into the wall, beeped, and stopped.
May I have the bill, please? We've got a bus to catch.
Five foxes vanished in the fog above the frozen river.
Mum's the word; promise me you won't tell anybody!
"""

_ES = """
Mi mamá compró un vaso nuevo para la abuela Beatriz.
¿Puedes abrir la ventana, por favor? Hace mucho calor.
El próximo viernes vamos a bailar en la plaza del pueblo.
Pablo bebe un poco de vino blanco con pan y queso.
Nunca imaginé que un pueblo tan pequeño fuera tan bonito.
¡Qué maravilla, por fin llegó la primavera!
Mi número de teléfono termina en cuatro, siete, nueve y dos.
Buenos días, me llamo Blanca y vivo en una montaña azul.
Los bomberos subieron al puente y salvaron al perro.
¿Por qué no vamos juntos a ver el mar mañana?
La fábrica produce bombones, pan y mermelada de membrillo.
Muchas veces, una buena pregunta vale más que una respuesta.
Ven aquí, niño, te voy a mostrar un pájaro verde.
En febrero, mi primo empieza a trabajar en un museo.
El fuego iluminaba la cueva y los murciélagos volaban.
Un hombre amable me ofreció su paraguas amarillo.
¡Cuidado, que la sopa está muy caliente!
Fuimos a buscar setas, pero solamente vimos ovejas.
Me gusta mucho la música suave de un buen piano.
Todo el mundo sube al barco, y yo me quedo en el puerto.
""".strip()

_FR = """
Bonjour, je m'appelle Béatrice et j'habite près du port.
Vous voulez un peu de pain, de beurre ou de fromage?
Ma mère prépare une soupe aux pommes de terre pour midi.
Le bateau bleu part du vieux pont à cinq heures et demie.
Pourquoi veux-tu partir avant la fin du film?
Il pleut beaucoup, mais nous avons un bon parapluie.
Quelle merveille, tout le monde est venu aujourd'hui!
Mon frère a peur des abeilles, des papillons et des loups.
J'ai vu trois jeunes femmes devant le musée du village.
Peux-tu m'ouvrir la porte, s'il te plaît?
Un homme heureux chante souvent sous la pluie.
Nous vivons au numéro quatre-vingt-deux, rue de la Boule.
Le boulanger vend du pain brun et de bonnes brioches.
Je voudrais bien boire un verre d'eau fraîche.
La lune monte doucement au-dessus de la montagne.
Ferme les yeux, fais un vœu et souffle la bougie!
Une bonne photo vaut mieux que mille beaux mots.
Mon petit chien bouge beaucoup quand il voit un bébé.
""".strip()

_IT = """
Buongiorno, mi chiamo Bruno e abito vicino al porto.
Vuoi un po' di pane con il burro e la marmellata?
La mia mamma prepara sempre una buona zuppa di fave.
Il treno per Bologna parte dal binario numero sette.
Che meraviglia, finalmente è arrivata la primavera!
Perché non andiamo insieme a vedere il mare domani?
Il bambino ha visto una farfalla blu sopra il fiume.
Mio fratello suona il piano e impara bene la musica.
Un uomo molto gentile mi ha offerto il suo ombrello.
Abbiamo comprato pomodori, fagioli, uova e formaggio.
Puoi aprire la finestra, per favore? Fa molto caldo.
Le nuvole bianche si muovono piano sopra la montagna.
Buona fortuna a tutti, ci vediamo venerdì mattina!
Il vecchio ponte fu costruito nel millenovecentoventi.
Ogni volta che piove, preferisco leggere un bel libro.
Dove hai messo la mappa? Forse è sotto il tavolo.
Una bella fotografia vale più di mille parole.
""".strip()

_PT = """
Bom dia, meu nome é Beatriz e moro perto da praia.
Você pode abrir a porta, por favor? Está muito quente.
Minha mãe comprou um bolo de banana para a família.
O barco azul vai embora às cinco horas da manhã.
Que maravilha, a primavera finalmente chegou!
Meu irmão bebe um copo de leite e come pão com manteiga.
Por que não vamos juntos ver o museu amanhã?
Um homem bom sempre ajuda os vizinhos da vila.
Ontem choveu muito, mas hoje a lua apareceu.
Nove pombas brancas voavam por cima da ponte.
Uma foto bonita vale mais que mil palavras.
Fevereiro é o mês da música, da festa e do povo.
""".strip()

_HI = """
नमस्ते, मेरा नाम भावना है और मैं मुंबई में रहती हूँ।
क्या आप मुझे थोड़ा पानी दे सकते हैं?
मेरी माँ बाज़ार से फल और फूल लाती है।
आज मौसम बहुत अच्छा है, चलो बाहर घूमने चलें।
वह पुरानी किताब मेज़ के ऊपर रखी है।
बहुत बढ़िया, आपने बहुत सुंदर काम किया!
बच्चे बाग में पतंग उड़ा रहे हैं।
मुझे पुराने गाने और मीठा आम पसंद है।
पाँच बजे बस पुल के पास रुकती है।
क्या तुमने कभी समुद्र में बड़ी नाव देखी है?
""".strip()


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line for line in block.strip().splitlines() if line)


SENTENCES: dict[str, tuple[str, ...]] = {
    "en": _lines(_EN), "es": _lines(_ES), "fr": _lines(_FR),
    "it": _lines(_IT), "pt": _lines(_PT), "hi": _lines(_HI),
}  # fmt: skip

# (language, voice, text): spoken only for evaluation, by voices that training never hears.
EVALUATION: tuple[tuple[str, str, str], ...] = (
    ("es", "em_alex", "¿Sabes por qué el búho vive en el bosque? Porque puede ver bien la luna, "
     "y busca comida muy despacio."),
    ("fr", "ff_siwis", "Le matin, mon père ouvre la boutique. Puis il pose les pommes, les "
     "prunes et une belle botte de muguet."),
    ("it", "if_sara", "Oggi il mercato è pieno di gente. Compro pesche, uva e basilico, poi "
     "bevo un buon caffè con la mia amica."),
    ("hi", "hf_alpha", "सुबह की धूप में पूरा गाँव चमकता है। मैं अपने भाई के साथ पहाड़ पर "
     "घूमने जाती हूँ।"),
    ("en", "am_michael", "Bobby mopped up the spilled blueberry soup. Maybe we need two more "
     "bowls, a big broom, and a bit of patience!"),
)  # fmt: skip

# Language: a voice that training never hears, and what it says so that its lips can be counted:
# many p, b, m, /i/, /u/ and pauses.
LIP_SENTENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "en": ("am_michael", (
        "My mother keeps a blue moped by the pool. You may see two of them, if you peek.",
        "Who brought me these boots? Peter, I believe, and he paid a bit more than we meant.",
        "Pack the beans, the soup and the cream. The bus leaves from the moon museum at noon.",
    )),
    "es": ("em_alex", (
        "Mi mamá compró un abanico. Tú subiste por la puerta, y luego viste la bicicleta.",
        "Un buen amigo pide poco. Aquí nunca llueve, pero hay nubes bajas sobre el pueblo.",
        "Pepe busca su brújula. La perdió un lunes, bajo la higuera de la iglesia.",
    )),
    "fr": ("ff_siwis", (
        "Ma petite bouteille est vide. Nous sommes partis samedi, sous une pluie battante.",
        "Où habite Philippe? Il m'a promis une boîte de biscuits, mais pas pour tout de suite.",
        "Les poules du pays sont blanches. Tout le monde imite la mouche, puis la souris.",
    )),
    "it": ("if_sara", (
        "Mia mamma prepara il pane bianco. Tu prendi un libro, e lui beve un bicchiere di più.",
        "Il bambino pulisce la piscina. Subito dopo, lupi e gufi imparano a ballare.",
        "Più tardi, un amico mi aiuta. La luna illumina i tubi e i muri del municipio.",
    )),
    "pt": ("pm_santa", (
        "Minha mãe comprou uma blusa. Tu viste a lua, e eu bebi um suco de uva.",
        "Pedro mora aqui perto. Um pouco de música, por favor, e depois pipoca para os meninos.",
        "O menino subiu a rua. Ali, um lobo mau abriu a boca e pediu bolo.",
    )),
    "hi": ("hf_alpha", (
        "मेरी माँ बाज़ार में फूल बेचती है। तुम भी मीठा दूध पीती हो।",
        "पापा ने मुझे एक पुरानी पुस्तक दी। बिल्ली धूप में सोती है।",
        "भालू पानी पीने आया। मीना ने बीस मूली और पपीता ख़रीदा।",
    )),
}  # fmt: skip

DEMO = (
    "en", "af_heart",
    "Hello! I used to be just a photograph. Then somebody gave me a voice, "
    "and now, believe it or not, I may never stop talking!",
)  # fmt: skip
