//! What shoppers may rely on, said as claims about a small catalogue and, for substrings and pages, about any catalogue.

use proptest::prelude::*;

use super::*;

/// A shop with a few things of every sort; later products sold less and are newer.
fn shop() -> SearchIndex {
    SearchIndex::build([
        product(1, "夏季法式连衣裙女收腰显瘦", "优衣库", "连衣裙", 19_900),
        product(2, "Nike Air 90 运动鞋男", "Nike", "运动鞋", 69_900),
        product(3, "纯棉T恤短袖 100%棉", "优衣库", "T恤", 5_900),
        product(4, "iPhone15手机壳防摔", "品胜", "手机配件", 2_900),
        product(5, "超长裙摆半身裙", "茵曼", "半身裙", 15_900),
        product(6, "安佳全脂纯牛奶250ml*24", "安佳", "牛奶", 7_900),
        product(7, "Estée Lauder 粉底液", "Estée Lauder", "彩妆", 42_000),
        SearchDocument {
            text: "搭配连衣裙更好看".into(), ..product(8, "编织腰带", "茵曼", "配饰", 3_900)
        },
        product(9, "Adidas Originals 小白鞋", "Adidas", "运动鞋", 59_900),
    ])
    .unwrap()
}

fn product(id: i64, title: &str, brand: &str, category: &str, price: i64) -> SearchDocument {
    SearchDocument {
        id,
        title: title.into(),
        brand: brand.into(),
        category_path: vec![1, 100 + id],
        category_name: category.into(),
        min_price_fen: price,
        sales: 1_000 - id,
        listed_at_ms: id,
        ..SearchDocument::default()
    }
}

fn asks(text: &str) -> SearchQuery {
    SearchQuery { text: text.into(), limit: 20, ..SearchQuery::default() }
}

impl SearchIndex {
    fn finds(&self, text: &str) -> Vec<i64> {
        self.search(&asks(text)).unwrap().ids
    }

    /// All pages of a query, one after the other.
    fn pages(&self, mut query: SearchQuery) -> Vec<i64> {
        let mut ids = Vec::new();
        loop {
            let hits = self.search(&query).unwrap();
            ids.extend(hits.ids);
            query.after = hits.next;
            if query.after.is_none() {
                return ids;
            }
        }
    }
}

#[test]
fn a_chinese_word_finds_titles_before_descriptions() {
    assert_eq!(shop().finds("连衣裙"), [1, 8]);
}

#[test]
fn lyq_finds_连衣裙() {
    assert_eq!(shop().finds("lyq"), [1]);
}

#[test]
fn full_pinyin_finds_the_word_and_runs_across_words() {
    let shop = shop();
    assert_eq!(shop.finds("lianyiqun"), [1]);
    assert_eq!(shop.finds("fashilianyiqun"), [1]);
    assert_eq!(shop.finds("LIANYI"), [1]);
    assert_eq!(shop.finds("fslyq"), [1]);
}

#[test]
fn pinyin_and_chinese_may_be_mixed() {
    let shop = shop();
    assert_eq!(shop.finds("lian衣裙"), [1]);
    assert_eq!(shop.finds("niunai 安佳"), [6]);
}

#[test]
fn polyphones_are_found_by_every_reading() {
    let shop = shop();
    assert_eq!(shop.finds("changqun"), [5]);
    assert_eq!(shop.finds("zhangqun"), [5]);
}

#[test]
fn a_brand_that_no_dictionary_knows_is_found_by_its_pinyin() {
    let shop = shop();
    assert_eq!(shop.finds("anjia"), [6]);
    assert_eq!(shop.finds("yyk"), [1, 3]);
}

#[test]
fn a_typo_in_a_latin_brand_still_finds_it() {
    let shop = shop();
    for (typo, meant, id) in [("nikee", "nike", 2), ("Nkie", "nike", 2), ("addidaas", "adidas", 9)] {
        let hits = shop.search(&asks(typo)).unwrap();
        assert_eq!((hits.ids, hits.corrected.as_deref()), (vec![id], Some(meant)), "{typo}");
    }
    let hits = shop.search(&asks("运动鞋 adidsa")).unwrap();
    assert_eq!((hits.ids, hits.corrected.as_deref()), (vec![9], Some("运动鞋 adidas")));
    assert!(shop.search(&asks("nike")).unwrap().corrected.is_none());
}

#[test]
fn short_words_are_not_corrected() {
    assert!(shop().finds("ajr").is_empty());
}

#[test]
fn the_last_latin_word_may_be_unfinished() {
    let shop = shop();
    assert_eq!(shop.finds("ipho"), [4]);
    assert_eq!(shop.finds("adidas orig"), [9]);
}

#[test]
fn width_case_and_accents_do_not_matter() {
    let shop = shop();
    assert_eq!(shop.finds("ＮＩＫＥ"), [2]);
    assert_eq!(shop.finds("estee LAUDER"), [7]);
    assert_eq!(shop.finds("t恤"), [3]);
}

#[test]
fn letters_and_digits_may_be_joined_or_apart() {
    let shop = shop();
    assert_eq!(shop.finds("iphone 15"), [4]);
    assert_eq!(shop.finds("air90"), [2]);
}

#[test]
fn all_words_must_match_until_that_finds_nothing() {
    let shop = shop();
    assert_eq!(shop.finds("运动鞋 nike"), [2]);
    assert_eq!(shop.finds("运动鞋 连衣裙"), [1, 2, 9, 8]);
    assert_eq!(shop.finds("法式 连衣裙 缎面"), [1]);
}

#[test]
fn a_text_that_segments_differently_falls_back_to_pairs_of_characters() {
    let shop = shop();
    assert_eq!(shop.finds("裙摆半"), [5]);
    assert_eq!(shop.finds("全脂牛奶纯牛奶"), [6]);
}

#[test]
fn hostile_text_is_plain_text() {
    let shop = shop();
    for text in
        ["\"", "+nike -nike", "title:(", "' OR '1'='1", "[a TO b]", "*", "\u{0}\u{7}连\u{0}", "\\", "nike^99~2", "%%"]
    {
        shop.search(&asks(text)).unwrap();
    }
    assert_eq!(shop.finds("%"), [3]);
    assert_eq!(shop.finds("title:nike"), [2]);
    assert!(shop.finds("_").is_empty() && shop.finds("' --").is_empty());
    let long = "xianyao".repeat(40);
    assert!(shop.finds(&long).is_empty());
}

#[test]
fn blank_text_lists_everything_by_sales() {
    let shop = shop();
    let hits = shop.search(&asks(" \u{3000}\t")).unwrap();
    assert_eq!((hits.ids, hits.total, hits.next), ((1..=9).collect(), 9, None));
}

#[test]
fn price_ascending_is_ascending_and_descending_descending() {
    let shop = shop();
    let sorted = |sort| shop.search(&SearchQuery { sort, ..asks("") }).unwrap().ids;
    assert_eq!(sorted(Sort::PriceAsc), [4, 8, 3, 6, 5, 1, 7, 9, 2]);
    assert_eq!(sorted(Sort::PriceDesc), [2, 9, 7, 1, 5, 6, 3, 8, 4]);
    assert_eq!(sorted(Sort::Newest), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(sorted(Sort::Sales), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn filters_narrow_the_hits_and_the_total() {
    let tagged = SearchDocument {
        tags: vec!["包邮".into(), "新品".into()],
        campaign_kinds: vec!["group_buy".into()],
        ..product(10, "连衣裙", "", "连衣裙", 100)
    };
    let shop = shop();
    shop.apply([tagged], []).unwrap();
    let counted = |query: SearchQuery| {
        let hits = shop.search(&query).unwrap();
        (hits.ids, hits.total)
    };
    assert_eq!(counted(SearchQuery { tags: vec!["新品".into(), "包邮".into()], ..asks("连衣裙") }), (vec![10], 1));
    assert_eq!(counted(SearchQuery { tags: vec!["新品".into(), "旧".into()], ..asks("连衣裙") }), (vec![], 0));
    assert_eq!(counted(SearchQuery { campaign: Some("group_buy".into()), ..asks("") }), (vec![10], 1));
    assert_eq!(counted(SearchQuery { category: Some(101), ..asks("") }), (vec![1], 1));
    assert_eq!(counted(SearchQuery { category: Some(1), limit: 2, ..asks("") }), (vec![1, 2], 10));
    let range = |min_price_fen, max_price_fen| SearchQuery { min_price_fen, max_price_fen, ..asks("连衣裙") };
    assert_eq!(counted(range(Some(101), None)), (vec![1, 8], 2));
    assert_eq!(counted(range(Some(100), Some(3_900))), (vec![10, 8], 2));
    assert_eq!(counted(range(Some(2), Some(1))), (vec![], 0));
    assert_eq!(counted(range(Some(i64::MAX), Some(i64::MIN))), (vec![], 0));
}

#[test]
fn a_cursor_of_another_order_is_refused() {
    let shop = shop();
    let after = shop.search(&SearchQuery { limit: 1, ..asks("") }).unwrap().next;
    let refused = shop.search(&SearchQuery { sort: Sort::Newest, after, ..asks("") });
    assert!(matches!(refused, Err(SearchError::ForeignCursor)));
}

#[test]
fn a_removed_product_is_no_longer_found() {
    let shop = shop();
    shop.apply([], [2]).unwrap();
    assert!(shop.finds("nike").is_empty());
    assert!(shop.suggest("nike", 5).is_empty());
}

#[test]
fn a_changed_product_is_found_by_its_new_title_only_and_once() {
    let shop = shop();
    shop.apply([product(2, "李宁跑步鞋", "李宁", "运动鞋", 100)], []).unwrap();
    assert!(shop.finds("nike").is_empty());
    assert_eq!(shop.finds("李宁"), [2]);
    assert_eq!(shop.search(&asks("")).unwrap().total, 9);
    assert!(shop.suggest("nike", 5).is_empty());
    for round in 0..30 {
        shop.apply([product(2, "李宁跑步鞋", "李宁", "运动鞋", round)], []).unwrap();
    }
    assert_eq!((shop.finds("李宁"), shop.suggest("lining", 5)[0].count), (vec![2], 1));
}

#[test]
fn a_typo_is_not_corrected_to_a_removed_word() {
    let shop = shop();
    shop.apply([], [9]).unwrap();
    let hits = shop.search(&asks("adidsa")).unwrap();
    assert_eq!((hits.total, hits.corrected), (0, None));
}

#[test]
fn an_empty_catalogue_finds_and_suggests_nothing() {
    let empty = SearchIndex::build([]).unwrap();
    assert_eq!(empty.search(&asks("")).unwrap(), SearchHits::default());
    assert!(empty.finds("连衣裙").is_empty() && empty.finds("nikee").is_empty() && empty.suggest("l", 9).is_empty());
}

#[test]
fn suggestions_begin_with_what_is_typed_in_chinese_pinyin_or_initials() {
    let shop = shop();
    let dress = Suggestion { text: "连衣裙".into(), kind: SuggestionKind::Category, count: 1 };
    for typed in ["连", "连衣", "lian", "LY", "lyq", "lianyiqun"] {
        assert!(shop.suggest(typed, 10).contains(&dress), "{typed}");
    }
    assert!(shop.suggest("衣裙", 10).is_empty() && shop.suggest(" ", 10).is_empty());
}

#[test]
fn suggestions_are_ranked_by_sales_and_counted_by_product() {
    let shop = shop();
    let texts: Vec<_> = shop.suggest("y", 2).into_iter().map(|found| (found.text, found.count)).collect();
    assert_eq!(texts, [("优衣库".to_owned(), 2), ("运动鞋".to_owned(), 2)]);
    let brand = shop.suggest("este", 1).remove(0);
    assert_eq!((brand.text.as_str(), brand.kind), ("Estée Lauder", SuggestionKind::Brand));
}

/// Titles as shops write them: words, brands, sizes and symbols in any order.
fn titles() -> impl Strategy<Value = Vec<String>> {
    let piece = proptest::sample::select(vec![
        "连衣裙",
        "法式",
        "长款",
        "女",
        "重磅",
        "真丝",
        "Nike",
        "iPhone15",
        "T恤",
        "100%棉",
        " ",
        "·",
        "（大码）",
        "行李箱",
        "250ml",
        "茶",
        "的",
        "Levi's",
        "乐",
        "Ａ４",
        "😀",
        "龘",
    ]);
    proptest::collection::vec(proptest::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_substring_of_a_title_finds_that_product(titles in titles(), length in 2_usize..6) {
        let index = SearchIndex::build((0..).zip(&titles).map(|(id, title)| product(id, title, "", "", 1))).unwrap();
        for (id, title) in (0..).zip(&titles) {
            for substring in title.chars().collect::<Vec<_>>().windows(length) {
                let text: String = substring.iter().collect();
                let hits = index.search(&SearchQuery { limit: 100, ..asks(&text) }).unwrap();
                prop_assert!(hits.ids.contains(&id), "{text:?} does not find {title:?}");
            }
        }
    }

    #[test]
    fn pages_repeat_and_skip_nothing_in_any_order(
        prices in proptest::collection::vec((0_i64..5, 0_i64..3), 1..60),
        limit in 1_usize..7,
        text in proptest::sample::select(vec!["", "连衣裙", "lyq", "牛仔 连衣裙"]),
        sort in proptest::sample::select(vec![Sort::Relevance, Sort::Sales, Sort::Newest, Sort::PriceAsc, Sort::PriceDesc]),
    ) {
        let products = (0..).zip(&prices).map(|(id, (price, sales))| SearchDocument {
            sales: *sales,
            listed_at_ms: *sales,
            ..product(id, if price % 2 == 0 { "连衣裙" } else { "法式连衣裙 裙" }, "", "", *price)
        });
        let index = SearchIndex::build(products).unwrap();
        let query = SearchQuery { sort, limit, ..asks(text) };
        let mut paged = index.pages(query.clone());
        let total = index.search(&query).unwrap().total;
        let at_once = index.pages(SearchQuery { limit: 100, ..query });
        prop_assert_eq!(&paged, &at_once);
        prop_assert_eq!(paged.len(), total);
        paged.sort_unstable();
        prop_assert_eq!(paged, (0..).take(prices.len()).collect::<Vec<i64>>());
    }

    #[test]
    fn no_text_makes_a_search_fail(text in "\\PC{0,100}") {
        let index = SearchIndex::build([product(1, "Nike 连衣裙", "Nike", "连衣裙", 1)]).unwrap();
        prop_assert!(index.search(&asks(&text)).is_ok());
        index.suggest(&text, 10);
    }
}
