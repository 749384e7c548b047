/* Features that are no numbers, and what Spark answers to them. */
#include "scorer/parity.h"

#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

#define NUMBER "'prediction':'p'"
#define MARGIN NUMBER ",'raw':'r'"
#define CLASSES MARGIN ",'probability':'q'"

/* A model over a vector of two, and rows with what is expected; single quotes keep them readable. */
static void check_answers(const char *outputs, const char *stage, const char *rows,
			  const char *expected)
{
	_cleanup_free_ char *model = str_fmt(
		"{'format':'splice-scorer','version':1,'inputs':[{'name':'f','type':'vector','size'"
		":2}],'stages':[{%s,'uid':'u','features':'f','prediction':'p','probability':'q',"
		"'raw':'r'}],'outputs':{%s}}",
		stage, outputs);
	_cleanup_free_ char *sample = str_fmt("{'columns':[{'name':'f'}],'rows':%s,'expected':%s}",
					      rows, expected);
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_buf_ struct buf report;
	struct parity parity = {0};
	struct err err = ERR_INIT;
	char *const texts[] = {model, sample};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (char *p = texts[i]; *p; p++)
			*p = *p == '\'' ? '"' : *p;
	buf_init(&report, MIB(1));
	REQUIRE_OK(model_parse(model, strlen(model), &m, &err), &err);
	REQUIRE_OK(parity_compare(m, sample, strlen(sample), &report, &parity, &err), &err);
	buf_put_u8(&report, 0);
	if (parity.different || parity.rows == 0)
		test_fail(__FILE__, __LINE__, "%s", (const char *)report.data);
}

TEST(infinities_in_several_classes)
{
	check_answers(CLASSES, "'kind':'LogisticRegression','classes':3,'intercepts':[0,0,0],"
		      "'coefficients':{'rows':3,'cols':2,'values':[1,0.5,-1,0.5,0.5,1]}",
		      "[[['Infinity',0]],[['-Infinity',0]]]",
		      "[{'prediction':0,'probability':[1,'NaN','NaN']},"
		      "{'prediction':1,'probability':['NaN',1,'NaN']}]");
}

TEST(infinities_in_a_perceptron)
{
	check_answers(CLASSES, "'kind':'MultilayerPerceptron','layers':[2,2],'weights':[1,1,1,2,0,0]",
		      "[[['Infinity',0]]]",
		      "[{'prediction':0,'probability':['NaN','NaN'],"
		      "'rawPrediction':['Infinity','Infinity']}]");
}

TEST(coefficients_that_are_not_there)
{
	static const char rows[] = "[[['NaN',1]],[['Infinity',1]]]";

	check_answers(MARGIN, "'kind':'LinearSVC','coefficients':[0,2],'intercept':1,'threshold':0,"
		      "'sparse':true",
		      rows,
		      "[{'prediction':1,'rawPrediction':[-3,3]},"
		      "{'prediction':1,'rawPrediction':[-3,3]}]");
	check_answers(MARGIN, "'kind':'LinearSVC','coefficients':[0,2],'intercept':1,'threshold':0", rows,
		      "[{'prediction':0,'rawPrediction':['NaN','NaN']},"
		      "{'prediction':0,'rawPrediction':['NaN','NaN']}]");
	check_answers(NUMBER, "'kind':'LinearRegression','coefficients':[0,2],'intercept':1,'sparse':true",
		      rows, "[{'prediction':3},{'prediction':3}]");
	check_answers(CLASSES, "'kind':'LogisticRegression','classes':2,'intercepts':[1],'threshold':0.5,"
		      "'coefficients':{'rows':1,'cols':2,'values':[0,2]},'sparse':true",
		      rows,
		      "[{'prediction':1,'rawPrediction':[-3,3]},"
		      "{'prediction':1,'rawPrediction':[-3,3]}]");
}

TEST_MAIN()
