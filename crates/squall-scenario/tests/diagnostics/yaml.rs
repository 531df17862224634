//! Errors of YAML itself: syntax, limits, and kinds of YAML that scenarios do not use.

use super::check;

#[test]
fn an_empty_file() {
    check(
        "# only a comment\n",
        r"
error[E0002]: the file is empty
 --> scenario.yaml:1:1
  |
1 | # only a comment
  | ^ a scenario is expected here
",
    );
}

#[test]
fn an_unclosed_bracket() {
    check(
        r"version: 1
name: [t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: [t
  |       ^ unclosed bracket `[`
",
    );
}

#[test]
fn a_tab_for_indentation() {
    check(
        "version: 1\nsystem:\n\tname: batch\n",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:3:2
  |
3 |     name: batch
  |     ^ tabs disallowed within this context (block indentation)
",
    );
}

#[test]
fn a_value_that_begins_with_an_at_sign() {
    check(
        r"version: 1
name: @t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: @t
  |       ^ unexpected character: `@`
help: a value that begins with this character needs quotes
",
    );
}

#[test]
fn a_value_that_begins_with_a_percent_sign() {
    check(
        r"version: 1
name: %t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: %t
  |       ^ unexpected character: `%`
help: a value that begins with this character needs quotes
",
    );
}

#[test]
fn a_value_that_begins_with_a_greater_than_sign() {
    check(
        r"version: 1
name: >t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: >t
  |       ^ while scanning a block scalar, did not find expected comment or line break
help: a value that begins with this character needs quotes
",
    );
}

#[test]
fn a_value_that_begins_with_a_pipe() {
    check(
        r"version: 1
name: |t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: |t
  |       ^ while scanning a block scalar, did not find expected comment or line break
help: a value that begins with this character needs quotes
",
    );
}

#[test]
fn a_value_that_begins_with_a_star() {
    check(
        r"version: 1
name: *t
",
        r"
error[E0001]: this is not YAML
 --> scenario.yaml:2:7
  |
2 | name: *t
  |       ^ alias references unknown anchor
help: a value that begins with this character needs quotes
",
    );
}

#[test]
fn a_value_that_begins_with_an_ampersand() {
    check(
        r"version: 1
name: &t
",
        r"
error[E0009]: missing key `system` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `system` is required here

error[E0009]: missing key `duration` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `duration` is required here

error[E0007]: the name is nothing, not text
 --> scenario.yaml:2:9
  |
2 | name: &t
  |         ^ text is expected here
",
    );
}

#[test]
fn two_documents() {
    check(
        r"version: 1
name: t
system: batch
duration: 30s
---
version: 1
",
        r"
error[E0003]: the file holds more than one document
 --> scenario.yaml:6:1
  |
6 | version: 1
  | ^ the second one begins here
",
    );
}

#[test]
fn a_duplicate_key() {
    check(
        r"version: 1
name: t
system: batch
duration: 30s
name: again
",
        r"
error[E0005]: duplicate key `name`
 --> scenario.yaml:5:1
  |
5 | name: again
  | ^^^^ this key was given before
",
    );
}

#[test]
fn a_list_as_the_whole() {
    check(
        "- version: 1\n",
        r"
error[E0007]: a scenario is a list, not a mapping
 --> scenario.yaml:1:1
  |
1 | - version: 1
  | ^ a mapping is expected here
",
    );
}

#[test]
fn a_word_as_the_whole() {
    check(
        "hello\n",
        r"
error[E0007]: a scenario is text, not a mapping
 --> scenario.yaml:1:1
  |
1 | hello
  | ^^^^^ a mapping is expected here
",
    );
}

#[test]
fn a_key_that_is_no_text() {
    check(
        "[version]: 1\n",
        r"
error[E0006]: scenarios do not use this kind of YAML
 --> scenario.yaml:1:1
  |
1 | [version]: 1
  | ^ expected string scalar
",
    );
}

#[test]
fn an_anchor_that_contains_itself() {
    check(
        "version: &v [*v]\n",
        r"
error[E0006]: scenarios do not use this kind of YAML
 --> scenario.yaml:1:14
  |
1 | version: &v [*v]
  |              ^^ recursive references require weak recursion types
",
    );
}

#[test]
fn a_number_without_end() {
    check(
        "version: .inf\n",
        r"
error[E0006]: scenarios do not use this kind of YAML
 --> scenario.yaml:1:10
  |
1 | version: .inf
  |          ^^^^ non-finite float `.inf` rejected by the configured policy
",
    );
}

#[test]
fn windows_line_ends() {
    check(
        "version: 1\r\nname: T\r\nsystem: batch\r\nduration: 30s\r\n",
        r"
error[E0011]: `T` is not a name
 --> scenario.yaml:2:7
  |
2 | name: T
  |       ^ small letters, digits and hyphens only
",
    );
}

#[test]
fn characters_of_several_bytes() {
    check(
        r#"version: 1
name: t
description: "größer ☂"
system: batch
duration: 30s
tags: ["☂", { a: 1 }]
"#,
        r#"
error[E0007]: a tag is a mapping, not text
 --> scenario.yaml:6:13
  |
6 | tags: ["☂", { a: 1 }]
  |             ^ text is expected here
"#,
    );
}

#[test]
fn a_value_that_begins_with_an_exclamation_mark() {
    check(
        r"version: 1
name: !t
",
        r"
error[E0009]: missing key `system` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `system` is required here

error[E0009]: missing key `duration` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `duration` is required here

error[E0007]: the name is nothing, not text
 --> scenario.yaml:2:9
  |
2 | name: !t
  |         ^ text is expected here
",
    );
}
