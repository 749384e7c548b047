/* Decision trees. */
#include "scorer/tree.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

enum {
	SPLIT_LEAF,
	SPLIT_THRESHOLD,         /* at most the threshold goes left */
	SPLIT_CATEGORIES,        /* a category that is none goes right */
	SPLIT_CATEGORIES_OTHERS, /* a category that is none goes left */
};

struct node {
	double threshold;
	uint32_t feature;
	uint32_t left; /* of a leaf: where its values stand */
	uint32_t right;
	uint32_t first_bit;  /* categorical: bit c says that category c goes left */
	uint32_t categories; /* how many bits */
	uint32_t split;
};

/* The lists of a TREE, borrowed. */
struct lists {
	const json_t *feature, *threshold, *left, *right, *categories, *leaf;
	const json_t *arity; /* may be NULL */
	size_t n;
};

/* A tree on its way. */
struct reading {
	struct loader *l;
	struct lists lists;
	struct node *nodes;
	double *leaves;
	uint64_t *bits;
	size_t n_features, n_values, n_leaves, n_bits;
};

static int refuse(const char *list, size_t node, struct err *err, const char *what)
{
	return err_set(err, E_INPUT, "tree: \"%s\" of node %zu %s", list, node, what);
}

static int find_lists(const json_t *j, struct lists *ret, struct err *err)
{
	const struct {
		const char *name;
		const json_t **to;
	} all[] = {
		{"feature", &ret->feature}, {"threshold", &ret->threshold},   {"left", &ret->left},
		{"right", &ret->right},     {"categories", &ret->categories}, {"leaf", &ret->leaf},
		{"arity", &ret->arity},
	};

	*ret = (struct lists){.n = json_array_size(json_object_get(j, "feature"))};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const json_t *list = json_object_get(j, all[i].name);

		*all[i].to = list;
		if (!list && str_eq(all[i].name, "arity"))
			continue;
		if (!json_is_array(list) || json_array_size(list) != ret->n || ret->n == 0)
			return err_set(err, E_INPUT,
				       "tree: \"%s\" is not a list with an item for "
				       "each node",
				       all[i].name);
	}
	if (ret->n > UINT32_MAX / 2)
		return err_set(err, E_TOOBIG, "tree: there are too many nodes");
	return 0;
}

/* A whole number below `end`. */
static bool get_index(const json_t *j, double end, uint32_t *ret)
{
	double v;

	if (!json_is_value(j, &v) || !(v >= 0 && v < end) || v != floor(v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* --- categorical splits --- */

/* How many bits: the arity, or enough for the categories listed. */
static int count_categories(const struct reading *t, size_t i, uint32_t *ret, struct err *err)
{
	const json_t *list = json_array_get(t->lists.categories, i);
	const json_t *arity = json_array_get(t->lists.arity, i);
	uint32_t n = 0, category;

	for (size_t k = 0; k < json_array_size(list); k++) {
		if (!get_index(json_array_get(list, k), 1 << 24, &category))
			return refuse("categories", i, err, "are not all whole numbers");
		n = category >= n ? category + 1 : n;
	}
	if (arity && !json_is_null(arity)) {
		if (!get_index(arity, (1 << 24) + 1, &category) || category < n)
			return refuse("arity", i, err, "does not cover its categories");
		n = category;
	}
	*ret = n;
	return 0;
}

/*
 * Spark keeps the smaller side of a split as a set and sends what is not in it to the other, so a
 * category that training had not seen goes left where most categories do.
 */
static bool others_go_left(const struct reading *t, size_t i, uint32_t arity)
{
	const json_t *given = json_array_get(t->lists.arity, i);

	return given && !json_is_null(given) &&
	       json_array_size(json_array_get(t->lists.categories, i)) > arity / 2;
}

static int read_categories(struct reading *t, size_t i, struct err *err)
{
	const json_t *list = json_array_get(t->lists.categories, i);
	struct node *node = &t->nodes[i];
	int r = count_categories(t, i, &node->categories, err);

	if (r < 0)
		return r;
	node->split =
		others_go_left(t, i, node->categories) ? SPLIT_CATEGORIES_OTHERS : SPLIT_CATEGORIES;
	node->first_bit = (uint32_t)t->n_bits;
	for (size_t k = 0; k < json_array_size(list); k++) {
		size_t bit = t->n_bits + (size_t)json_number_value(json_array_get(list, k));

		t->bits[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	t->n_bits += node->categories;
	return 0;
}

/* --- nodes --- */

static int read_leaf(struct reading *t, size_t i, struct err *err)
{
	const json_t *values = json_array_get(t->lists.leaf, i);
	double *to = t->leaves + t->n_leaves * t->n_values;

	if (!json_is_array(values) || json_array_size(values) != t->n_values)
		return err_set(err, E_INPUT,
			       "tree: \"leaf\" of node %zu is not a list of %zu "
			       "numbers",
			       i, t->n_values);
	for (size_t k = 0; k < t->n_values; k++)
		if (!json_is_value(json_array_get(values, k), &to[k]))
			return refuse("leaf", i, err, "holds what is no number");
	t->nodes[i].split = SPLIT_LEAF;
	t->nodes[i].left = (uint32_t)t->n_leaves++;
	return 0;
}

static int read_split(struct reading *t, size_t i, struct err *err)
{
	struct node *node = &t->nodes[i];
	double n = (double)t->lists.n;

	if (!get_index(json_array_get(t->lists.feature, i), (double)t->n_features, &node->feature))
		return err_set(err, E_INPUT,
			       "tree: \"feature\" of node %zu is not one of the "
			       "%zu features",
			       i, t->n_features);
	if (!get_index(json_array_get(t->lists.left, i), n, &node->left))
		return refuse("left", i, err, "is not a node");
	if (!get_index(json_array_get(t->lists.right, i), n, &node->right))
		return refuse("right", i, err, "is not a node");
	if (json_is_array(json_array_get(t->lists.categories, i)))
		return read_categories(t, i, err);
	node->split = SPLIT_THRESHOLD;
	if (!json_is_value(json_array_get(t->lists.threshold, i), &node->threshold))
		return refuse("threshold", i, err, "is not a number");
	return 0;
}

static int read_nodes(struct reading *t, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->lists.n; i++) {
		double feature;

		if (!json_is_value(json_array_get(t->lists.feature, i), &feature))
			return refuse("feature", i, err, "is not a number");
		r = feature == -1 ? read_leaf(t, i, err) : read_split(t, i, err);
	}
	return r;
}

/* Walk it all: no node is reached twice, and none is left out. */
static int check_reach(const struct reading *t, struct err *err)
{
	_cleanup_free_ uint32_t *stack = calloc(t->lists.n + 1, sizeof(*stack));
	_cleanup_free_ uint8_t *seen = calloc(t->lists.n, 1);
	size_t depth = 1, reached = 1;

	if (!stack || !seen)
		return err_nomem(err);
	seen[0] = 1;
	while (depth) {
		const struct node *node = &t->nodes[stack[--depth]];
		uint32_t children[] = {node->left, node->right};

		for (size_t k = 0; node->split != SPLIT_LEAF && k < 2; k++) {
			if (seen[children[k]])
				return refuse("left or right", (size_t)(node - t->nodes), err,
					      "names a node that another one has");
			seen[children[k]] = 1;
			reached++;
			stack[depth++] = children[k];
		}
	}
	if (reached != t->lists.n)
		return err_set(err, E_INPUT, "tree: %zu of %zu nodes are not reached from node 0",
			       t->lists.n - reached, t->lists.n);
	return 0;
}

/* Room for all bits and leaves, counted beforehand. */
static int make_room(struct reading *t, struct err *err)
{
	size_t bits = 0, values = 0;

	for (size_t i = 0; i < t->lists.n; i++) {
		uint32_t n = 0;
		int r = 0;

		if (json_is_array(json_array_get(t->lists.categories, i)))
			r = count_categories(t, i, &n, err);
		if (r < 0)
			return r;
		bits += n;
		values += json_array_size(json_array_get(t->lists.leaf, i));
	}
	if (bits > UINT32_MAX)
		return err_set(err, E_TOOBIG, "tree: there are too many categories");
	t->nodes = loader_alloc(t->l, t->lists.n, sizeof(*t->nodes), err);
	t->leaves = loader_alloc(t->l, values, sizeof(*t->leaves), err);
	t->bits = loader_alloc(t->l, bits / 64 + 1, sizeof(*t->bits), err);
	return t->nodes && t->leaves && t->bits ? 0 : E_NOMEM;
}

int tree_read(struct loader *l, const json_t *j, size_t n_features, size_t n_values,
	      struct tree *ret, struct err *err)
{
	struct reading t = {.l = l, .n_features = n_features, .n_values = n_values};
	int r = find_lists(j, &t.lists, err);

	if (r == 0)
		r = make_room(&t, err);
	if (r == 0)
		r = read_nodes(&t, err);
	if (r == 0)
		r = check_reach(&t, err);
	*ret = (struct tree){.nodes = t.nodes,
			     .categories = t.bits,
			     .leaves = t.leaves,
			     .n_values = n_values};
	return r;
}

/* --- the walk --- */

static bool goes_left(const struct tree *t, const struct node *node, double v)
{
	size_t bit;

	if (node->split == SPLIT_THRESHOLD)
		return v <= node->threshold;
	if (!(v >= 0 && v < node->categories) || v != floor(v))
		return node->split == SPLIT_CATEGORIES_OTHERS;
	bit = node->first_bit + (size_t)v;
	return t->categories[bit / 64] >> bit % 64 & 1;
}

const double *tree_walk(const struct tree *t, const double *x)
{
	const struct node *node = t->nodes;

	while (node->split != SPLIT_LEAF)
		node = t->nodes + (goes_left(t, node, x[node->feature]) ? node->left : node->right);
	return t->leaves + node->left * t->n_values;
}
