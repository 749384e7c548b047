/*
 * scorer/model.c, scorer/members.c, scorer/loader.c and the load functions:
 * what is wrong with a model file is refused, and the text names it.
 */
#include "scorer/model.h"

#include "base/json.h"
#include "base/str.h"
#include "tests/harness.h"

/* Stages over x (double), s (string), v (vector of 2), i (int). */
#define FRAME                                                                                      \
	"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":["                                 \
	"{\"name\":\"x\",\"type\":\"double\"},{\"name\":\"s\",\"type\":\"string\"},"               \
	"{\"name\":\"v\",\"type\":\"vector\",\"size\":2},{\"name\":\"i\",\"type\":\"int\"}],"      \
	"\"stages\":[%s],\"outputs\":{\"prediction\":\"%s\"}}"

static int parse(const char *text, struct err *err)
{
	_cleanup_(model_freep) struct model *m = NULL;

	return model_parse(text, strlen(text), &m, err);
}

static int parse_stage(const char *stage, const char *output, struct err *err)
{
	/* Single quotes keep the cases readable. */
	_cleanup_free_ char *text = str_fmt(FRAME, stage, output);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return parse(text, err);
}

TEST(the_frame_is_checked)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "the model file is not valid JSON"},
		{"[]", "this is not a model file"},
		{"{}", "this is not a model file"},
		{"{\"format\":\"splice-scorer\"}", "member \"version\": is missing"},
		{"{\"format\":\"splice-scorer\",\"version\":2}",
		 "has version 2, this program reads "
		 "up to 1"},
		{"{\"format\":\"splice-scorer\",\"version\":1}",
		 "member \"inputs\": a list belongs here"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[1]}",
		 "input 1: an object belongs here"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[{\"name\":\"a\"}]}",
		 "input 1: member \"type\": is missing"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[{\"name\":\"a\",\"type\":"
		 "\"date\"}]}",
		 "input 1: member \"type\": there is no type \"date\""},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[{\"name\":\"a\",\"type\":"
		 "\"vector\"}]}",
		 "input 1: member \"size\": is missing"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[{\"name\":\"a\",\"type\":"
		 "\"int\"},{\"name\":\"a\",\"type\":\"int\"}]}",
		 "input 2: member \"name\": there are two columns \"a\""},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[]}",
		 "member \"stages\": a list belongs here"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[],\"stages\":[]}",
		 "member \"outputs\": an object belongs here"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[],\"stages\":[],"
		 "\"outputs\":{}}",
		 "outputs: member \"prediction\": is missing"},
		{"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[],\"stages\":[],"
		 "\"outputs\":{\"prediction\":\"p\"}}",
		 "outputs: member \"prediction\": there is no column \"p\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		CHECK(parse(cases[i].text, &err) < 0);
		if (!strstr(err.text, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].text, err.text);
	}
}

#define VECTOR_OUT "'input':'v','output':'o',"
#define TREE_1(left, right)                                                                        \
	"{'feature':[0,-1,-1],'threshold':[0.5,null,null],'left':[" left ",null,null],"            \
	"'right':[" right ",null,null],'categories':[null,null,null],'leaf':[null,[1],[2]]}"

TEST(the_stages_are_checked)
{
	static const struct {
		const char *stage, *part;
	} cases[] = {
		{"{'uid':'u'}", "stage 1: member \"kind\": is missing"},
		{"{'kind':'Word2Vec','uid':'u'}", "stage 1: there is no kind \"Word2Vec\""},
		{"{'kind':'MaxAbsScaler','uid':'u'}",
		 "stage 1: (MaxAbsScaler u): member \"input\": is missing"},
		{"{'kind':'MaxAbsScaler','input':'w','output':'o','max_abs':[1,1]}",
		 "member \"input\": there is no column \"w\" at this stage"},
		{"{'kind':'MaxAbsScaler','input':'x','output':'o','max_abs':[1,1]}",
		 "member \"input\": column \"x\" is of type double, which does not fit"},
		{"{'kind':'MaxAbsScaler'," VECTOR_OUT "'max_abs':[1]}",
		 "member \"max_abs\": a list of 2 numbers belongs here"},
		{"{'kind':'MaxAbsScaler'," VECTOR_OUT "'max_abs':[1,'one']}",
		 "member \"max_abs\": item 1 is not a number"},
		{"{'kind':'StandardScaler'," VECTOR_OUT "'with_mean':1}",
		 "member \"with_mean\": true or false belongs here"},
		{"{'kind':'Normalizer'," VECTOR_OUT "'p':0.5}",
		 "member \"p\": is 0.5, less than 1"},
		{"{'kind':'Normalizer'," VECTOR_OUT "'p':'NaN'}", "member \"p\": is"},
		{"{'kind':'VectorAssembler','inputs':['x','v'],'sizes':[1,3],'output':'o'}",
		 "member \"sizes\": column \"v\" has size 2, not 3"},
		{"{'kind':'VectorAssembler','inputs':['s'],'sizes':[1],'output':'o'}",
		 "column \"s\" is of type string"},
		{"{'kind':'VectorAssembler','inputs':[],'sizes':[],'output':'o'}",
		 "member \"inputs\": a list of columns belongs here"},
		{"{'kind':'VectorAssembler','inputs':['x'],'sizes':[1],'output':'o',"
		 "'handle_invalid':'drop'}",
		 "member \"handle_invalid\": one of error, keep, skip belongs here"},
		{"{'kind':'Imputer','inputs':['x'],'outputs':['o','p']}",
		 "member \"outputs\": a list of 1 columns belongs here"},
		{"{'kind':'Bucketizer','inputs':['x'],'outputs':['o'],'splits':[[0,1]],"
		 "'handle_invalid':'error'}",
		 "member \"splits\": three numbers at least"},
		{"{'kind':'Bucketizer','inputs':['x'],'outputs':['o'],'splits':[[0,1,1]],"
		 "'handle_invalid':'error'}",
		 "member \"splits\": number 2 is not larger than the one before"},
		{"{'kind':'StringIndexer','inputs':['s'],'outputs':['o'],'labels':[['a',1]],"
		 "'handle_invalid':'error'}",
		 "member \"labels\": item 1 is not a text"},
		{"{'kind':'StringIndexer','inputs':['s'],'outputs':['o'],'labels':['a'],"
		 "'handle_invalid':'error'}",
		 "member \"labels\": a list of texts belongs here"},
		{"{'kind':'OneHotEncoder','inputs':['x'],'outputs':['o'],'sizes':[1],"
		 "'drop_last':true,'handle_invalid':'error'}",
		 "member \"sizes\": item 0 leaves no category"},
		{"{'kind':'OneHotEncoder','inputs':['x'],'outputs':['o'],'sizes':[1e9],"
		 "'drop_last':true,'handle_invalid':'error'}",
		 "a row has more than 4194304 numbers"},
		{"{'kind':'PCA'," VECTOR_OUT "'components':{'rows':3,'cols':1,'values':[1,1,1]}}",
		 "member \"components\": the matrix is 3 × 1, which does not fit"},
		{"{'kind':'PCA'," VECTOR_OUT "'components':{'rows':2,'cols':1,'values':[1]}}",
		 "member \"components\": member \"values\": a list of 2 numbers"},
		{"{'kind':'SelectColumns','keep_all':true,'columns':[{'from':'x'}]}",
		 "member \"as\": is missing"},
		{"{'kind':'LogisticRegression','features':'v','coefficients':{'rows':2,'cols':2,"
		 "'values':[1,1,1,1]},'intercepts':[0,0],'classes':3}",
		 "member \"classes\": 3 classes do not fit 2 rows"},
		{"{'kind':'LogisticRegression','features':'v','coefficients':{'rows':1,'cols':2,"
		 "'values':[1,1]},'intercepts':[0],'classes':2,'threshold':1.5,'prediction':'o'}",
		 "member \"threshold\": is not within 0 and 1"},
		{"{'kind':'GeneralizedLinearRegression','features':'v','link':'cauchit'}",
		 "member \"link\": one of identity, log, logit"},
		{"{'kind':'MultilayerPerceptron','features':'v','layers':[2,2.5],'weights':[1]}",
		 "member \"layers\": item 1 is no size of a layer"},
		{"{'kind':'MultilayerPerceptron','features':'v','layers':[2,2],'weights':[1]}",
		 "member \"weights\": a list of 6 numbers belongs here"},
		{"{'kind':'MultilayerPerceptron','features':'v','layers':[3,1],"
		 "'weights':[1,1,1,1],'prediction':'o'}",
		 "the first layer does not have the 2 features"},
		{"{'kind':'NaiveBayes','features':'v','model_type':'gaussian','pi':[0,0],"
		 "'prediction':'o','theta':{'rows':2,'cols':2,'values':[1,1,1,1]}}",
		 "member \"sigma\": is missing"},
		{"{'kind':'KMeans','features':'v','prediction':'o','distance':'cosine',"
		 "'centers':{'rows':1,'cols':2,'values':[0,0]}}",
		 "center 0 has no direction"},
		{"{'kind':'RandomForest','features':'v','task':'regression','prediction':'o',"
		 "'trees':[]}",
		 "member \"trees\": a list of trees belongs here"},
		{"{'kind':'GBT','features':'v','task':'classification','classes':3,'prediction':'o'}",
		 "GBT knows two classes, not 3"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		CHECK(parse_stage(cases[i].stage, "o", &err) < 0);
		if (!strstr(err.text, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].stage, err.text);
	}
}

TEST(trees_are_checked)
{
	static const struct {
		const char *tree, *part; /* NULL: it is fine */
	} cases[] = {
		{TREE_1("1", "2"), NULL},
		{TREE_1("2", "1"), NULL},
		{"{}", "tree: \"feature\" is not a list"},
		{TREE_1("1", "1"), "names a node that another one has"},
		{TREE_1("0", "2"), "names a node that another one has"},
		{TREE_1("1", "3"), "tree: \"right\" of node 0 is not a node"},
		{TREE_1("1", "-1"), "tree: \"right\" of node 0 is not a node"},
		{TREE_1("1.5", "2"), "tree: \"left\" of node 0 is not a node"},
		{"{'feature':[2,-1,-1],'threshold':[0.5,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[null,null,null],'leaf':[null,[1],[2]]}",
		 "\"feature\" of node 0 is not one of the 2 features"},
		{"{'feature':[0,-1,-1],'threshold':[null,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[null,null,null],'leaf':[null,[1],[2]]}",
		 "\"threshold\" of node 0 is not a number"},
		{"{'feature':[0,-1,-1],'threshold':[1,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[null,null,null],'leaf':[null,[1],[2,3]]}",
		 "\"leaf\" of node 2 is not a list of 1 numbers"},
		{"{'feature':[0,-1,-1],'threshold':[1,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[null,null,null],'leaf':[null,[1],['x']]}",
		 "\"leaf\" of node 2 holds what is no number"},
		{"{'feature':[0,-1,-1],'threshold':[1,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[null,null,null],'leaf':[null,[1],[2]]}",
		 "tree: \"threshold\" is not a list with an item for each node"},
		{"{'feature':[0,-1,-1],'threshold':[1,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[[0,1.5],null,null],'leaf':[null,[1],[2]]}",
		 "\"categories\" of node 0 are not all whole numbers"},
		{"{'feature':[0,-1,-1],'threshold':[1,null,null],'left':[1,null,null],"
		 "'right':[2,null,null],'categories':[[0,3],null,null],'arity':[3,null,null],"
		 "'leaf':[null,[1],[2]]}",
		 "\"arity\" of node 0 does not cover its categories"},
		{"{'feature':[-1,-1],'threshold':[null,null],'left':[null,null],"
		 "'right':[null,null],'categories':[null,null],'leaf':[[1],[2]]}",
		 "1 of 2 nodes are not reached from node 0"},
		{"{'feature':['a'],'threshold':[null],'left':[null],'right':[null],"
		 "'categories':[null],'leaf':[[1]]}",
		 "\"feature\" of node 0 is not a number"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *stage =
			str_fmt("{'kind':'DecisionTree','features':'v','task':'regression',"
				"'prediction':'o','tree':%s}",
				cases[i].tree);
		struct err err = ERR_INIT;
		int r = parse_stage(stage, "o", &err);

		if (!cases[i].part)
			CHECK_OK(r, &err);
		else if (r != E_INPUT || !strstr(err.text, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].tree, err.text);
	}
}

TEST(members_that_it_does_not_know_are_ignored)
{
	struct err err = ERR_INIT;

	CHECK_OK(parse_stage("{'kind':'MaxAbsScaler'," VECTOR_OUT "'max_abs':[1,'Infinity'],"
			     "'colour':{'a':[]}}",
			     "O", &err),
		 &err);
}

TEST_MAIN()
