/* display/chart-svg.c; how the images look is in the golden files of test_chart.c */
#include "display/table-int.h"

#include "tests/display/sample.h"

#include <math.h>

static char *svg_of(const double *v, size_t n, enum chart_kind kind, const char *label)
{
	struct chart c = {.kind = kind, .label_name = "K", .value_name = "V", .n = n};
	_cleanup_buf_ struct buf b;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += v[i];
		c.largest = v[i] > c.largest ? v[i] : c.largest;
	}
	for (size_t i = 0; i < n; i++)
		c.items[i] =
			(struct chart_item){label, strlen(label), "1", 1, v[i], v[i] / sum * 100};
	buf_init(&b, 1u << 20);
	chart_svg(&b, &c);
	return buf_take_str(&b);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

TEST(golden_images)
{
	static const double two[] = {284315, 492};
	static const double twelve[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5, 0.25, 0.01};
	_cleanup_free_ char *pie = svg_of(two, 2, CHART_PIE, "class");
	_cleanup_free_ char *many = svg_of(twelve, 12, CHART_PIE, "a label");
	_cleanup_free_ char *bars = svg_of(twelve, 12, CHART_BAR, "a label");

	CHECK_GOLDEN("display/two.svg", pie);
	CHECK_GOLDEN("display/twelve.svg", many);
	CHECK_GOLDEN("display/bars.svg", bars);
}

TEST(a_single_slice_is_a_circle)
{
	static const double one[] = {5, 0};
	_cleanup_free_ char *svg = svg_of(one, 2, CHART_PIE, "x");

	CHECK_INT(count(svg, "<circle"), 2);
	CHECK_INT(count(svg, "<text"), 2);
	CHECK(!strstr(svg, "nan"));
}

/* Its ends fall together at a tenth of a pixel, and SVG draws no arc between equal points. */
TEST(a_slice_that_is_nearly_all)
{
	static const double v[] = {1000000, 10};
	_cleanup_free_ char *svg = svg_of(v, 2, CHART_PIE, "x");
	const char *slice = strstr(svg, "<path d=\"M");
	double from[2], to[2];

	REQUIRE(slice != NULL);
	REQUIRE(sscanf(slice, "<path d=\"M%*f %*fL%lf %lfA%*d %*d 0 %*d 1 %lf %lf", &from[0],
		       &from[1], &to[0], &to[1]) == 4);
	CHECK(hypot(to[0] - from[0], to[1] - from[1]) > 96);
}

TEST(empty_slices_are_not_drawn_but_empty_bars_are_named)
{
	static const double v[] = {5, 0, 3};
	_cleanup_free_ char *pie = svg_of(v, 3, CHART_PIE, "x");
	_cleanup_free_ char *bars = svg_of(v, 3, CHART_BAR, "x");

	CHECK_INT(count(pie, "class=\"s\""), 2);
	CHECK_INT(count(bars, "<text"), 6);
	CHECK_INT(count(bars, "<rect"), 3); /* the card and two bars */
}

/* Labels may not touch: each name at least a step below the one before, inside the picture. */
TEST(labels_do_not_overlap)
{
	static const double v[] = {1000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	_cleanup_free_ char *svg = svg_of(v, 12, CHART_PIE, "tiny");
	double last = 0, height = 0;

	REQUIRE(sscanf(strstr(svg, "height="), "height=\"%lf\"", &height) == 1);
	for (const char *at = svg; (at = strstr(at, "\" class=\"b\" text-anchor=\"end\"")); at++) {
		double y;
		const char *attribute = at;

		while (*--attribute != '"')
			;
		REQUIRE(sscanf(attribute, "\"%lf", &y) == 1);
		CHECK(y > 14 && y < height - 14);
		CHECK(last == 0 || last - y >= 35.9);
		last = y;
	}
	CHECK(last > 0);
}

TEST(labels_are_escaped_and_fit)
{
	static const double v[] = {1, 2};
	_cleanup_free_ char *svg =
		svg_of(v, 2, CHART_PIE, "<script>&\"'\x01 a very long name indeed");

	CHECK(!strstr(svg, "<script"));
	CHECK(strstr(svg, "&lt;script&gt;&amp;&quot;&#39;\u2401 a very l\u2026"));
}

TEST_MAIN()
