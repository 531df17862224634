//! The documents say of the engines what the code says.

#[test]
fn the_capability_table_is_the_one_that_the_code_makes() {
    let path = format!("{}/../docs/engines.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the page is there");
    let begin = "<!-- capabilities -->\n";
    let (_, rest) = text.split_once(begin).expect("the place of the table is marked");
    let (found, _) = rest.split_once("<!-- /capabilities -->").expect("and its end is");
    let table = squall::capability::table();
    assert!(found == table, "{path} holds another table than the code makes:\n{table}");
}
