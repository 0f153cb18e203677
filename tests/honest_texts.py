"""Observations as different people would write them, and explanations; all of them true."""

OBSERVATIONS: dict[tuple[str, tuple[int, ...], str], tuple[str, ...]] = {
    ("room-0", (1,), "Is the keyboard left or right of the lamp?"): (
        "A study. On the desk stand a monitor and a lamp, and the keyboard lies on the desk, left "
        "of the lamp.",
        "This picture was taken in an office with a desk at the back. A whiteboard hangs to the "
        "left of the mirror. The lamp is on the desk, to the right of the keyboard.",
        "The room has a desk with a monitor on it. To the left of the lamp there is a keyboard.",
        "Looking into the room, two armchairs are near the camera. Farther back I see a desk; the "
        "keyboard on it is to the left of the lamp.",
    ),
    ("room-0", (1,), "Is the whiteboard left or right of the mirror?"): (
        "An office with two chairs. The whiteboard is on the left of the image and the mirror is "
        "on the right; the mirror hangs above the lamp.",
        "In this image the file cabinet stands next to the cabinet. The whiteboard is left of the "
        "monitor, and the mirror is right of the whiteboard.",
        "A workspace: the mirror is higher than the whiteboard, and the whiteboard is further "
        "left than the mirror.",
    ),
    ("room-2", (3,), "Is the stove left or right of the table?"): (
        "A kitchen with three stools around the table. The stove is to the right of the table, "
        "next to the counter.",
        "We look into a kitchen. A microwave stands on the counter. The pot is on the stove, and "
        "the table is in front of the stove.",
        "In the middle of the image, a table is surrounded by three stools. On the right is a "
        "stove with a pot on it.",
        "This is a kitchen seen from eye level; the counter is on the right side of the picture "
        "with a microwave on top of it. Left of the stove we can see a table.",
        "The photo shows a dining corner. There are three stools near the table, which stands "
        "closer to the camera than the stove.",
    ),
    ("room-2", (3,), "Which is at smaller depth, the door or the pot?"): (
        "In the kitchen, the door is at the back and a table stands in front of it. The pot is to "
        "the right of the door and closer to the camera than the door.",
        "A kitchen. The door is behind the table; the pot, on the stove, is nearer than the door.",
    ),
    ("room-5", (12,), "How far is the camera from the bookshelf, in meters?"): (
        "An office with two desks. At the back, a bookshelf stands next to a whiteboard. Two "
        "books are in the bookshelf.",
        "The room is an office: a door on the left, a painting on the right, and a bookshelf in "
        "the background, right of the whiteboard.",
        "Two desks and two chairs stand in this study. The bookshelf is to the right of the door "
        "and behind the chairs.",
    ),
    ("room-6", (12,), "Is the coffee maker left or right of the vase?"): (
        "From left to right: a vase, a table, a counter and a coffee maker.",
        "This kitchen has a dining table with a vase on it; on the right a coffee maker stands on "
        "the counter.",
        "A kitchen. Two stools are next to the table. The vase is on the dining table, left of "
        "the counter, and the coffee maker is on the counter.",
        "In the kitchen there are two clocks. The coffee maker is to the right of the table, "
        "while the vase is to the left of the table.",
    ),
    ("room-7", (12,), "Is the window left or right of the whiteboard?"): (
        "A room with two desks. The window is in the middle of the image, and the whiteboard is "
        "on the right, above the backpack.",
        "It is an office. Behind the monitor there is a window. To the right of the lamp hangs a "
        "whiteboard.",
        "Left to right, the room shows a mirror, then a window, a laptop and a whiteboard.",
    ),
    ("lroom-1", (24,), "Is the plant left or right of the refrigerator?"): (
        "A large kitchen. The refrigerator is at the right edge of the picture, the plant on the "
        "left. Three chairs stand around the dining table.",
        "In this living space, the plant is to the left of the dining table, and the refrigerator "
        "is the rightmost object.",
        "The scene is a kitchen with a counter at the back. There is a plant next to a chair; the "
        "refrigerator is on the right side, next to another chair.",
        "Across the image, from left to right: a plant, a dining table, a counter, a refrigerator.",
    ),
    (
        "lroom-2",
        (24,),
        "Which is at smaller depth, the bookshelf or the sofa?",
    ): (
        "An L-shaped room. The sofa is on the far left, the bookshelf on the right. A desk stands "
        "between the sofa and the bookshelf.",
        "We are in a study. The sofa is left of the desk and the bookshelf is right of the desk, "
        "with two books in it.",
        "The room has a desk with a lamp and a monitor on it; the bookshelf is closer to the "
        "camera than the sofa, and to the right of it.",
        "The picture shows a sofa in the background on the left, and a bookshelf to the right of "
        "the desk.",
    ),
    ("room-3", (12,), "Which is at smaller depth, the laundry basket or the refrigerator?"): (
        "A kitchen: three stools stand next to a table, the refrigerator is on the right with a "
        "trash can to its right, and a laundry basket is in the foreground.",
        "In the room we see a counter with a microwave and a coffee maker on it. The laundry "
        "basket is in front of the refrigerator.",
        "The kitchen has a table on the left. A laundry basket stands near the camera, in front of "
        "the refrigerator.",
    ),
    ("room-1", (3, 6, 12, 21), "How many bookshelves are in this room?"): (
        "A living room with a sofa next to a coffee table. There are two bookshelves, and one of "
        "them is next to the door.",
        "The images show a living room: two armchairs, two bookshelves with books in them, and a "
        "desk with a monitor on it.",
        "In this room I count two bookshelves; the tv is on the tv stand, near the door.",
    ),
    ("lroom-3", (9, 13, 20, 21, 24), "How many chairs are in this room?"): (
        "A kitchen and dining area. Five chairs can be seen, four of them around the dining "
        "table. A vase is on the dining table.",
        "In the room are five chairs and two stools. The coffee maker is on the counter, next to "
        "the dishwasher.",
    ),
    ("tiny-4", (1,), "Is the lamp left or right of the plant?"): (
        "From left to right: a blue chair, a yellow lamp and a green plant.",
        "Three objects: the lamp is between the chair and the plant.",
        "A chair is on the left, a lamp in the middle and a plant on the right.",
        "The blue chair is left of the yellow lamp, and behind the plant is the lamp.",
        "In the room, a yellow lamp stands to the left of a green plant.",
    ),
    ("tiny-3", (0,), "Is the cabinet left or right of the lamp?"): (
        "left to right: lamp, cabinet, chair",
        "A room with a lamp on the left and a cabinet to its right; a chair is in front of the "
        "cabinet.",
        "A chair is closer than a cabinet, and a lamp is left of the cabinet.",
    ),
}

EXPLANATIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("room-0", "How far is the piano from the door, in meters?"): (
        "There is no piano in this room.",
        "The room doesn't have a piano, so its distance from the door can't be measured.",
        "I cannot find a piano anywhere.",
        "The piano is missing.",
        "A piano does not exist here.",
        "No piano can be found, only the door.",
        "The piano isn't in the room.",
    ),
    ("room-0", "How far is the armchair from the door, in meters?"): (
        "There are two armchairs, and the question does not say which one is meant.",
        "The armchair is ambiguous: the room has more than one.",
        "Several armchairs stand in this room.",
        "It is unclear which armchair is meant.",
        "More than one armchair is there, so the distance to the door has no single answer.",
    ),
    ("room-0", "How far is the sofa from the sofa, in meters?"): (
        "The sofa is compared with itself.",
        "Both are the same object, the sofa.",
        "The question names the sofa twice.",
        "It asks for the distance of the sofa to itself.",
    ),
    ("tiny-4", "Is the sofa left or right of the plant?"): (
        "there is no sofa",
        "I see no sofa next to the plant.",
        "The picture does not contain a sofa.",
        "This room lacks a couch.",
    ),
    ("room-5", "How far is the bed from the door, in meters?"): (
        "The bed does not exist.",
        "No bed is present in this room.",
        "It's an office without a bed.",
    ),
}

ANSWERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("room-0", "How many windows are in this room?"): (
        "2",
        "two",
        "There are two windows.",
        "one on each of two walls, so 2",
        "I count 1 and then 1 more, which makes 2",
        "2 windows",
    ),
    (
        "room-0",
        "Measuring from the closest point of each, how far is the sofa from the door, in meters?",
    ): (
        "1.82",
        "about 1.8 m",
        "182 cm",
        "1.8 meters, that is 180 cm",
        "1 m 82 cm",
        "roughly 1.8 m (5.9 ft)",
    ),
    ("tiny-4", "Is the lamp left or right of the plant?"): (
        "left",
        "It is to the left.",
        "The lamp is on the left of the plant.",
        "Left side",
    ),
}
