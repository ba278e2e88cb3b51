/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
/* Places from which all shapes start: those anywhere, and those at the beginning. */
#define ROOT 0
#define BEGIN 1

/* A place in shapes: what was read up to it. */
struct place {
	tc_piece piece;		/* that led here */
	uint32_t child;		/* places that follow with the next byte */
	uint32_t repeats;	/* places that are here already: what follows may be nothing */
	uint32_t next;		/* of its parent's children, or repeats */
	uint32_t found, ending; /* lists of shapes that are whole here */
};

/* One more shape in a list. */
struct owner {
	uint32_t wanted, next;
};

/* A set of places. */
struct state {
	uint32_t first, n; /* in the pool */
};

struct numbers {
	uint32_t *items;
	size_t n, room;
};

struct building {
	const struct tc_shapes *shapes;
	size_t max_cells;
	struct place *places;
	uint32_t n_places;
	struct owner *owners;
	uint32_t n_owners;
	struct tc_map children; /* of a place by the piece */
	uint8_t classes[256];
	unsigned n_classes;
	struct numbers *members; /* by set of bytes: its classes */
	struct tc_map sets;	 /* to states */
	struct state *states;
	uint32_t n_states;
	struct numbers pool;
	struct numbers *base; /* by class: places that any state goes on to */
	uint16_t *base_row;
	struct numbers *next; /* by class: places that the state at hand goes on to */
	struct numbers touched;
	struct numbers cells;
	bool failed;
};

static void add(struct building *building, struct numbers *numbers, uint32_t number)
{
	if (numbers->n == numbers->room) {
		size_t room = numbers->room ? numbers->room * 2 : 8;
		uint32_t *items = reallocarray(numbers->items, room, sizeof(*items));

		if (!items) {
			building->failed = true;
			return;
		}
		numbers->items = items;
		numbers->room = room;
	}
	numbers->items[numbers->n++] = number;
}

/* --- places --- */

static uint32_t child_of(struct building *building, uint32_t parent, tc_piece piece)
{
	uint32_t key[] = {parent, piece}, number, *list;

	if (tc_map_get(&building->children, key, sizeof(key), &number))
		return number;
	number = building->n_places++;
	list = piece & TC_PIECE_REPEATS ? &building->places[parent].repeats
					: &building->places[parent].child;
	building->places[number] = (struct place){.piece = piece,
						  .child = NONE,
						  .repeats = NONE,
						  .next = *list,
						  .found = NONE,
						  .ending = NONE};
	*list = number;
	building->failed |= tc_map_add(&building->children, key, sizeof(key), number) != 0;
	return number;
}

/* One piece at least takes a byte, since what takes none is found before any byte is read. */
uint32_t tc_machine_pieces(const struct tc_shape *shape, const struct tc_wanted *wanted)
{
	uint32_t n = wanted->pieces && wanted->pieces < shape->n ? wanted->pieces : shape->n;
	uint32_t plain = 0;

	while (plain < shape->n && shape->pieces[plain] & TC_PIECE_REPEATS)
		plain++;
	for (uint32_t i = plain; wanted->flat && i < n; i++)
		if (shape->pieces[i] & TC_PIECE_REPEATS)
			n = i;
	if (n <= plain)
		n = plain < shape->n ? plain + 1 : shape->n;
	/* Of a repeat at the end nothing need be seen. */
	while (n < shape->n && shape->pieces[n - 1] & TC_PIECE_REPEATS)
		n--;
	return n;
}

static void insert(struct building *building, const struct tc_wanted *wanted, uint32_t number)
{
	const struct tc_shape *shape = &building->shapes->items[wanted->shape];
	uint32_t place = shape->begins ? BEGIN : ROOT, n = tc_machine_pieces(shape, wanted), *list;

	for (uint32_t i = 0; i < n; i++)
		place = child_of(building, place, shape->pieces[i]);
	list = shape->ends && n == shape->n ? &building->places[place].ending
					    : &building->places[place].found;
	building->owners[building->n_owners] = (struct owner){number, *list};
	*list = building->n_owners++;
}

static int insert_all(struct building *building, const struct tc_wanted *wanted, size_t n)
{
	size_t pieces = 2;

	for (size_t i = 0; i < n; i++)
		pieces += building->shapes->items[wanted[i].shape].n;
	building->places = calloc(pieces, sizeof(*building->places));
	building->owners = calloc(n + 1, sizeof(*building->owners));
	if (!building->places || !building->owners)
		return -ENOMEM;
	for (uint32_t place = ROOT; place <= BEGIN; place++)
		building->places[place] = (struct place){
			.child = NONE, .repeats = NONE, .found = NONE, .ending = NONE};
	building->n_places = 2;
	for (size_t i = 0; i < n; i++)
		insert(building, &wanted[i], (uint32_t)i);
	return building->failed ? -ENOMEM : 0;
}

/* --- classes of bytes --- */

/* Parts each class by whether its bytes are in the set. */
static void split(struct building *building, const struct tc_byte_set *set)
{
	uint16_t inside[256], n = (uint16_t)building->n_classes;
	bool outside[256] = {false};

	memset(inside, 0xff, sizeof(inside));
	for (unsigned byte = 0; byte < 256; byte++)
		outside[building->classes[byte]] |= !tc_byte_set_has(set, (unsigned char)byte);
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t class = building->classes[byte];

		if (!tc_byte_set_has(set, (unsigned char)byte) || !outside[class])
			continue;
		if (inside[class] == UINT16_MAX)
			inside[class] = n++;
		building->classes[byte] = (uint8_t)inside[class];
	}
	building->n_classes = n;
}

static int make_classes(struct building *building)
{
	size_t n_sets = building->shapes->n_sets;
	bool *used = calloc(n_sets, sizeof(*used));

	building->members = calloc(n_sets, sizeof(*building->members));
	if (!used || !building->members) {
		free(used);
		return -ENOMEM;
	}
	building->n_classes = 1;
	for (uint32_t i = BEGIN + 1; i < building->n_places; i++)
		used[TC_PIECE_SET(building->places[i].piece)] = true;
	for (size_t i = 0; i < n_sets; i++)
		if (used[i])
			split(building, &building->shapes->sets[i]);
	for (size_t i = 0; i < n_sets; i++) {
		bool seen[256] = {false};

		for (unsigned byte = 0; used[i] && byte < 256; byte++) {
			uint8_t class = building->classes[byte];

			if (seen[class] ||
			    !tc_byte_set_has(&building->shapes->sets[i], (unsigned char)byte))
				continue;
			seen[class] = true;
			add(building, &building->members[i], class);
		}
	}
	free(used);
	return building->failed ? -ENOMEM : 0;
}

/* --- states --- */

/* Adds a place, and those that are here with it. */
static void enter(struct building *building, struct numbers *set, uint32_t place)
{
	add(building, set, place);
	for (uint32_t i = building->places[place].repeats; i != NONE; i = building->places[i].next)
		enter(building, set, i);
}

/* Adds to each class what follows a place. */
static void follow(struct building *building, struct numbers *by_class, uint32_t place,
		   struct numbers *touched)
{
	const struct place *at = &building->places[place];

	for (uint32_t i = at->child; i != NONE; i = building->places[i].next) {
		const struct numbers *members =
			&building->members[TC_PIECE_SET(building->places[i].piece)];

		for (size_t k = 0; k < members->n; k++) {
			struct numbers *set = &by_class[members->items[k]];

			if (touched && !set->n)
				add(building, touched, members->items[k]);
			enter(building, set, i);
		}
	}
	if (place <= BEGIN || !(at->piece & TC_PIECE_REPEATS))
		return;
	const struct numbers *members = &building->members[TC_PIECE_SET(at->piece)];

	for (size_t k = 0; k < members->n; k++) {
		struct numbers *set = &by_class[members->items[k]];

		if (touched && !set->n)
			add(building, touched, members->items[k]);
		enter(building, set, place);
	}
}

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Ascending, each once. Most sets are small. */
static void arrange(struct numbers *set)
{
	size_t n = 0;

	if (set->n > 1)
		qsort(set->items, set->n, sizeof(*set->items), compare_numbers);
	for (size_t i = 0; i < set->n; i++)
		if (!n || set->items[n - 1] != set->items[i])
			set->items[n++] = set->items[i];
	set->n = n;
}

/* The state of a set; made if there is none. */
static uint32_t find_state(struct building *building, struct numbers *set)
{
	uint32_t number;
	struct state *states;

	arrange(set);
	if (tc_map_get(&building->sets, set->n ? (void *)set->items : "",
		       set->n * sizeof(*set->items), &number))
		return number;
	number = building->n_states;
	states = building->states;
	if (!(number & (number - 1)))
		states = reallocarray(states, number ? number * 2UL : 1, sizeof(*states));
	if (!states || tc_map_add(&building->sets, set->n ? (void *)set->items : "",
				  set->n * sizeof(*set->items), number)) {
		building->states = states ? states : building->states;
		building->failed = true;
		return 0;
	}
	building->states = states;
	states[number] = (struct state){(uint32_t)building->pool.n, (uint32_t)set->n};
	for (size_t i = 0; i < set->n; i++)
		add(building, &building->pool, set->items[i]);
	building->n_states++;
	return number;
}

/* The row of a state: what its places lead to, with what is there in any case. */
static void make_row(struct building *building, uint32_t number)
{
	const struct state state = building->states[number];

	building->touched.n = 0;
	for (uint32_t i = 0; i < state.n; i++)
		follow(building, building->next, building->pool.items[state.first + i],
		       &building->touched);
	for (unsigned class = 0; class < building->n_classes; class ++)
		add(building, &building->cells, building->base_row[class]);
	for (size_t i = 0; i < building->touched.n && !building->failed; i++) {
		uint32_t class = building->touched.items[i];
		struct numbers *set = &building->next[class];

		for (size_t k = 0; k < building->base[class].n; k++)
			add(building, set, building->base[class].items[k]);
		building->cells.items[(size_t)number * building->n_classes + class] =
			find_state(building, set);
		set->n = 0;
	}
}

static int make_states(struct building *building)
{
	struct numbers begin = {0};

	building->base = calloc(building->n_classes, sizeof(*building->base));
	building->next = calloc(building->n_classes, sizeof(*building->next));
	building->base_row = calloc(building->n_classes, sizeof(*building->base_row));
	if (!building->base || !building->next || !building->base_row)
		return -ENOMEM;
	/* The first state is the one to start in. */
	enter(building, &begin, BEGIN);
	find_state(building, &begin);
	free(begin.items);
	follow(building, building->base, ROOT, NULL);
	for (unsigned class = 0; class < building->n_classes; class ++)
		building->base_row[class] = (uint16_t)find_state(building, &building->base[class]);
	for (uint32_t i = 0; i < building->n_states && !building->failed; i++) {
		if (building->n_states > TC_MACHINE_STATES_MAX ||
		    (size_t)building->n_states * building->n_classes > building->max_cells)
			return -E2BIG;
		make_row(building, i);
	}
	return building->failed ? -ENOMEM : 0;
}

/* --- what comes of it --- */

/* Shapes that end in a state, or that are found when it is reached. */
static void tell(struct building *building, uint32_t number, bool ending, struct numbers *told)
{
	const struct state *state = &building->states[number];

	for (uint32_t i = 0; i < state->n; i++) {
		const struct place *place =
			&building->places[building->pool.items[state->first + i]];

		for (uint32_t k = ending ? place->ending : place->found; k != NONE;
		     k = building->owners[k].next)
			add(building, told, building->owners[k].wanted);
	}
}

/* New numbers: states in which nothing is found first. Returns how many there are of those. */
static uint32_t renumber(struct building *building, uint32_t *numbers)
{
	struct numbers told = {0};
	uint32_t quiet = 0, n = 0;

	for (uint32_t i = 0; i < building->n_states; i++) {
		told.n = 0;
		tell(building, i, false, &told);
		numbers[i] = told.n ? NONE : n++;
	}
	quiet = n;
	for (uint32_t i = 0; i < building->n_states; i++)
		if (numbers[i] == NONE)
			numbers[i] = n++;
	free(told.items);
	return quiet;
}

static int make_told(struct building *building, const uint32_t *order, bool ending,
		     struct tc_finds *ret_told)
{
	struct numbers told = {0};
	uint32_t *first = calloc(building->n_states + 1UL, sizeof(*first));

	for (uint32_t i = 0; first && i < building->n_states; i++) {
		tell(building, order[i], ending, &told);
		first[i + 1] = (uint32_t)told.n;
	}
	*ret_told = (struct tc_finds){first, told.items};
	return first && !building->failed ? 0 : -ENOMEM;
}

static int write_machine(struct building *building, struct tc_machine *machine)
{
	size_t n = building->n_states, n_classes = building->n_classes;
	uint32_t *numbers = calloc(n, sizeof(*numbers)), *order = calloc(n, sizeof(*order));
	int r = -ENOMEM;

	machine->cells = calloc(n * n_classes, sizeof(*machine->cells));
	if (numbers && order && machine->cells) {
		machine->first_found = renumber(building, numbers);
		for (uint32_t i = 0; i < n; i++)
			order[numbers[i]] = i;
		for (size_t i = 0; i < n * n_classes; i++)
			machine->cells[numbers[i / n_classes] * n_classes + i % n_classes] =
				(uint16_t)numbers[building->cells.items[i]];
		machine->start = numbers[0];
		r = make_told(building, order, false, &machine->found);
		r = make_told(building, order, true, &machine->ending) ?: r;
	}
	machine->n_states = (uint32_t)n;
	machine->n_classes = (uint32_t)n_classes;
	memcpy(machine->classes, building->classes, sizeof(machine->classes));
	free(numbers);
	free(order);
	return r;
}

static void building_done(struct building *building)
{
	for (size_t i = 0; building->members && i < building->shapes->n_sets; i++)
		free(building->members[i].items);
	for (unsigned i = 0; i < building->n_classes; i++) {
		free(building->base ? building->base[i].items : NULL);
		free(building->next ? building->next[i].items : NULL);
	}
	free(building->members);
	free(building->base);
	free(building->next);
	free(building->base_row);
	free(building->places);
	free(building->owners);
	free(building->states);
	free(building->pool.items);
	free(building->touched.items);
	free(building->cells.items);
	tc_map_done(&building->children);
	tc_map_done(&building->sets);
}

int tc_machine_make(const struct tc_shapes *shapes, const struct tc_wanted *wanted, size_t n,
		    size_t max_cells, struct tc_machine **ret_machine)
{
	struct building building = {.shapes = shapes, .max_cells = max_cells};
	struct tc_machine *machine = calloc(1, sizeof(*machine));
	int r = machine ? insert_all(&building, wanted, n) : -ENOMEM;

	if (!r)
		r = make_classes(&building);
	if (!r)
		r = make_states(&building);
	if (!r)
		r = write_machine(&building, machine);
	building_done(&building);
	if (r)
		tc_machine_free(machine);
	else
		*ret_machine = machine;
	return r;
}

void tc_machine_free(struct tc_machine *machine)
{
	if (!machine)
		return;
	free(machine->cells);
	free(machine->found.first);
	free(machine->found.items);
	free(machine->ending.first);
	free(machine->ending.items);
	free(machine);
}
