/**
 * Generates questions about cooking, each with 2 to 5 of 100 labels: lines of fastText's format on standard output.
 *
 *     deno run examples/recipes.ts > recipes.txt
 *
 * A question has a word of each of its labels, or one that several labels share ("meat"). It may have words of labels that are
 * not its own, typing errors and, one time in twelve, a label that was forgotten.
 */
import { createDraw, print } from "./draw.ts";

const ROWS = 5000;

/** Labels and their words; the last word of a line is shared by all labels of the line. */
const LABELS = [
  "chicken:hen,drumsticks,wings beef:steak,brisket,ribeye pork:bacon,ham,chops lamb:mutton,shanks turkey:gobbler,giblets duck:confit,magret|meat",
  "salmon:lox,gravlax tuna:ahi,albacore cod:haddock,bacalao shrimp:prawns,scampi crab:crabmeat mussels:clams,bivalves|seafood",
  "eggs:yolks,whites,omelette cheese:cheddar,brie,parmesan milk:whole,skim cream:whipped,heavy butter:ghee,margarine yogurt:curd,kefir|dairy",
  "potatoes:spuds,fries carrots:carrot onions:shallots,leek garlic:cloves tomatoes:tomato,marinara mushrooms:porcini,shiitake|vegetables",
  "spinach:chard cabbage:sauerkraut,kimchi broccoli:florets peppers:paprika,capsicum cucumber:pickles,gherkin pumpkin:squash|greens",
  "apples:cider,applesauce bananas:plantain lemons:lime,zest oranges:marmalade,mandarin berries:strawberry,raspberry grapes:raisins|fruit",
  "bread:loaf,baguette,toast pasta:noodles,spaghetti,lasagne rice:risotto,basmati flour:wheat,semolina oats:porridge,granola corn:polenta,tortilla|grain",
  "beans:chickpeas,kidney lentils:dal tofu:tempeh nuts:almonds,walnuts seeds:sesame,chia peas:mushy|protein",
  "chocolate:cocoa,ganache sugar:caramel,syrup honey:beeswax vanilla:pods cinnamon:cassia ginger:root|sweet",
  "basil:pesto parsley:persil thyme:sprigs cumin:jeera chili:jalapeno,hot saffron:threads|spice",
  "baking:bake,oven,rise frying:fry,skillet,saute grilling:grill,barbecue,char boiling:boil,simmer steaming:steam,steamer roasting:roast,crisp|heat",
  "freezing:freeze,frozen,thaw canning:jars,preserve smoking:smoke,smoker fermenting:ferment,brine drying:dehydrate,jerky storage:keep,shelf,fridge|save",
  "knives:knife,sharpen pans:wok,iron,nonstick mixer:blender,whisk thermometer:probe,degrees microwave:zap scale:grams,weigh|tool",
  "cake:sponge,cupcake cookies:biscuit,brownie pie:crust,tart icecream:gelato,sorbet pancakes:crepes,waffles bread-dough:knead,yeast,sourdough|dessert",
  "soup:broth,chowder salad:dressing,lettuce sauce:gravy,bechamel stew:curry,goulash pizza:margherita sandwich:burger,wrap|dish",
  "italian:rome,tuscan french:paris,provence indian:tandoor,mumbai chinese:sichuan,canton mexican:taco,salsa japanese:sushi,miso|cuisine",
  "vegan:plantbased glutenfree:coeliac,gluten substitutions:instead,replace safety:spoiled,poisoning|diet",
].map((line) => {
  const [labels, shared] = line.split("|") as [string, string];
  return labels.split(" ").map((label) => {
    const [name, words] = label.split(":") as [string, string];
    return { name, words: [name.replace("-", " "), ...words.split(",")], shared };
  });
});

const ASKS = [
  "how [long|much] should I {a} the {b}",
  "why does my {a} turn [dry|bitter|soggy|grey] with {b}",
  "what is the [difference|best ratio] between {a} and {b}",
  "can I [use|add|leave out] {a} [for|in|with] {b}",
  "is it [safe|ok|wrong] to [reuse|combine] {a} after {b}",
];
const FILLERS = [
  "for my guests",
  "in advance",
  "for a crowd",
  "without a recipe",
  "like grandma",
  "on a budget",
  "quickly",
];

const draw = createDraw(40);
const all = LABELS.flat();
/** Half of the labels of questions are of the first ones, so that some labels are ten times as frequent as others. */
const frequent = () => draw.one(draw.chance(0.5) ? all.slice(0, 24) : all);
const wordOf = ({ words, shared }: typeof all[number]) => draw.chance(0.15) ? shared : draw.one(words);

let text = "";
for (let row = 0; row < ROWS; row++) {
  const own = new Set<typeof all[number]>();
  const wanted = 2 + draw.below(4);
  while (own.size < wanted) own.add(frequent());
  const [first, second, ...others] = [...own].map(wordOf);
  let question = draw.fill(draw.one(ASKS).replace("{a}", first!).replace("{b}", second!), {});
  for (const word of others) question += draw.fill(" [with|and|or|over|after some] ", {}) + word;
  if (draw.chance(0.2)) question += ` not ${draw.one(frequent().words)}`;
  if (draw.chance(0.6)) question += ` ${draw.one(FILLERS)}`;
  const at = draw.below(question.length - 1);
  if (draw.chance(0.2)) question = question.slice(0, at) + question[at + 1]! + question[at]! + question.slice(at + 2);
  const given = [...own].slice(draw.chance(1 / 12) ? 1 : 0);
  text += `${given.map(({ name }) => `__label__${name}`).join(" ")} ${question}?\n`;
}
await print(text);
