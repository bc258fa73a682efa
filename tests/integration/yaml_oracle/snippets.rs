//! The snippets. Each is a part of an object (below `spec:`) or a whole file.

/// One input and where it stands.
pub(super) struct Snippet {
    pub(super) text: Vec<u8>,
    whole: bool,
    /// How the file is encoded, if not as UTF-8.
    utf16: Option<fn(u16) -> [u8; 2]>,
    /// True for the stated exceptions: kubectl reads it, we refuse it on purpose.
    pub(super) refused_by_us: bool,
}

impl Snippet {
    /// The file for kubectl; `@` in whole files stands for the head of an object.
    pub(super) fn file(&self, number: usize) -> Vec<u8> {
        if self.whole {
            let yaml = format!(
                "apiVersion: example.org/v1\nkind: Widget\nmetadata:\n  name: x\n  annotations:\n    file: \"{number}\"\n"
            );
            let json = format!(
                "\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\",\"metadata\":{{\"name\":\"x\",\"annotations\":{{\"file\":\"{number}\"}}}}"
            );
            let text = replace(&self.text, b"@YAML@", yaml.as_bytes());
            let text = replace(&text, b"@JSON@", json.as_bytes());
            return match self.utf16 {
                None => text,
                Some(bytes) => String::from_utf8(text).unwrap().encode_utf16().flat_map(bytes).collect(),
            };
        }
        let mut file = format!(
            "apiVersion: example.org/v1\nkind: Widget\nmetadata:\n  name: x\n  annotations:\n    file: \"{number}\"\nspec:\n"
        )
        .into_bytes();
        for line in self.text.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                file.extend_from_slice(b"  ");
            }
            file.extend_from_slice(line);
            file.push(b'\n');
        }
        file
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

pub(super) fn part(text: impl Into<Vec<u8>>) -> Snippet {
    Snippet {
        text: text.into(),
        whole: false,
        utf16: None,
        refused_by_us: false,
    }
}

fn whole(text: impl Into<Vec<u8>>) -> Snippet {
    Snippet {
        whole: true,
        ..part(text)
    }
}

/// All snippets.
pub(super) fn all() -> Vec<Snippet> {
    let mut all = Vec::new();
    for scalar in SCALARS {
        all.push(part(format!("v: {scalar}")));
        all.push(part(format!("v: [{scalar}]")));
    }
    for key in KEYS {
        all.push(part(format!("{key}: v")));
    }
    all.extend(PARTS.iter().map(|text| part(*text)));
    all.extend(BYTE_PARTS.iter().map(|text| part(*text)));
    all.extend(FILES.iter().map(|text| whole(*text)));
    all.extend(BYTE_FILES.iter().map(|text| whole(*text)));
    all.extend(REFUSED_BYTES.iter().map(|text| Snippet {
        refused_by_us: true,
        ..part(*text)
    }));
    all.extend(REFUSED_PARTS.iter().map(|text| Snippet {
        refused_by_us: true,
        ..part(*text)
    }));
    all.extend(REFUSED_FILES.iter().map(|text| Snippet {
        refused_by_us: true,
        ..whole(*text)
    }));
    all.push(utf16(u16::to_le_bytes));
    all.push(utf16(u16::to_be_bytes));
    all.push(part(deep(99 - 2)));
    all.push(part(aliases(100)));
    all.push(part(aliases(100_000)));
    all
}

/// A file as some editors and shells write it.
fn utf16(bytes: fn(u16) -> [u8; 2]) -> Snippet {
    Snippet {
        utf16: Some(bytes),
        ..whole("\u{feff}@YAML@spec: é😀\n")
    }
}

fn deep(levels: usize) -> String {
    format!("v: {}{}", "[".repeat(levels), "]".repeat(levels))
}

/// One anchor and many aliases of it: kubectl refuses a document that consists of aliases for the most part.
fn aliases(count: usize) -> String {
    format!("a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]\nb: [{}]", "*a, ".repeat(count))
}

const SCALARS: &[&str] = &[
    "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "No", "NO", "nO", "on", "On", "ON", "oN", "off", "Off", "OFF",
    "true", "True", "TRUE", "tRue", "false", "False", "FALSE", "t", "f", "~", "null", "Null", "NULL", "nUll", "",
    "0", "-0", "+0", "00", "07", "08", "09", "0644", "00644", "0o644", "0O644", "0o8", "-0644", "+0644", "0888", "0_7",
    "1_000", "1__0", "_1", "1_", "-_1", "0x1F", "0X1f", "-0x1F", "0xG", "0x", "0x_F", "0b11", "0B11", "-0b11", "0b2", "0b",
    "0b-1", "0b+1", "-0b-1", "0o", "1:30", "190:20:30", "1:30.5", "12e03", "1e3", "1E3", "1e+3", "1e-3", "1e", "e1", "1.0",
    "1.5", "1.", ".5", "+.5", "-.5", ".", "..", ".e1", ".5e3", "1.e3", "1_000.5", "._5", ".5_0", "1.2.3", "1e999", "-1e999",
    "1e-999", "1e400", "1e308", "1.7976931348623157e308", "4.9e-324", "0.1", "0.30000000000000004", "123456789012345678.0",
    "1234567890123456789.0", "1e15", "1e18", "1e19", "1e20", "1e21", "1e22", "-1e18", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "+9223372036854775808",
    "0xFFFFFFFFFFFFFFFF", "0x10000000000000000", "0b1111111111111111111111111111111111111111111111111111111111111111",
    "01777777777777777777777", "123456789012345678901234567890", ".inf", "-.inf", "+.inf", ".Inf", ".INF", ".iNf", ".nan", ".NaN",
    ".NAN", "inf", "nan", "Infinity", "2020-01-01", "2020-1-1", "2020-01-01T00:00:00Z", "2020-01-01 10:11:12", "2020-13-01",
    "2001-12-14t21:59:43.10-05:00", "10:00", "500m", "1Gi", "1e3Ki", "-", "+", "--", "- x", "<<", "=", "!", "'yes'", "\"yes\"",
    "'0644'", "'null'", "''", "\"\"", "'it''s'", "\"\\x41\\u00e9\\U0001F600\"", "\"\\e\\0\\a\\b\\v\\f\\N\\_\\L\\P\\ \\\"\\\\\"", "\"\\/\"", "\"\\q\"",
    "\"\\ud83d\\ude00\"", "\"\\ud800\"", "a#b", "a #b", "'a #b'", "a:b", "a: b", ":a", "::", "a::b", "?a", "? a", "-a", "%a", "@a",
    "`a", "&a", "&a b", "*a", "*", "!!str 1", "!!str", "!!str yes", "!!int 3", "!!int '3'", "!!int 3.0", "!!int '08'", "!!int x",
    "!!float 3", "!!float '1e3'", "!!float x", "!!bool yes", "!!bool \"yes\"", "!!bool 1", "!!null ''", "!!null x", "!!null ~",
    "!!binary aGVsbG8=", "!!binary aGVsbG8", "!!binary '*'", "!!binary gA==", "!!binary 4oI=", "!!binary YR==", "! yes", "! 'yes'", "!<tag:yaml.org,2002:str> 1",
    "http://x/y?a=b&c=d#e", "a?b", "?a?", "{{ .Values.x }}", "${VAR}", "$(VAR)", "a\tb", "\t1", "1\t", "a,b", "x[0]", "a{b", "foo bar  baz", "é", "日本", "😀",
    "a\u{85}b", "a\u{2028}b", "\u{feff}", "a\u{feff}b", "\u{a0}", "\u{a0}1", "\"a\u{85}b\"", "\"a\u{2028} b\"", "'a\u{2029}b'", "\"\u{7f}\"", "\"\u{fffe}\"", "\u{80}",
];

const KEYS: &[&str] = &[
    "y", "n", "yes", "no", "on", "off", "true", "null", "~", "1", "-1", "0x10", "0644", "08", "1_0", "1.0", "1.5", "0.1", "1e3", "1e5", "1e6", "1e7",
    "1234567.5", "123456789.0", "0.0001", "0.00001", "1e300", "1e-50", "-0.0", ".inf", "-.inf", ".nan", "9223372036854775807", "9223372036854775808",
    "1e999", "2020-01-01", "'y'", "\"1\"", "\"\"", "''", "<<x", "'<<'", "!!str 1", "!!str y", "!!int '1'", "!!binary aGk=", "!!null ''", "? a", "[a]", "{a: b}",
    "? [a]", "a b", "a.b/c", "&k a", "=", "-", "?", ":", "a:", "日本", "\"\\u0000\"", "\"\\n\"", "[", "{",
];

const PARTS: &[&str] = &[
    // duplicate keys and merges
    "a: 1\na: 2", "a: {x: 1}\na: {y: 2}", "a: 1\n\"a\": 2", "yes: 1\ntrue: 2", "0x1: a\n1: b", "a: 1\nb: 2\na: 3\nb: 4", "m: {a: 1, a: 2}",
    "b: &b {k: 2, l: 3}\nv:\n  <<: *b\n  k: 3", "b: &b {k: 2, l: 3}\nv:\n  k: 3\n  <<: *b", "b: &b {k: 2}\nc: &c {k: 3, m: 4}\nv:\n  <<: [*b, *c]",
    "b: &b {k: 2}\nv:\n  <<: [*b, {k: 5, z: 1}]", "v:\n  <<: {k: 1}\n  j: 2", "b: &b {k: 2}\nv:\n  \"<<\": *b", "b: &b {k: 2}\nv:\n  '<<': *b", "b: &b {k: 2}\nv:\n  !!merge <<: *b",
    "b: &b {k: 2}\nv:\n  ! '<<': *b", "b: &b [1]\nv:\n  <<: *b", "v:\n  <<: 1", "v:\n  <<:", "v:\n  <<: [1]", "b: &b {k: 2}\nv:\n  <<: *b\n  <<: {k: 4}", "b: &b {k: 1}\nc: &c\n  <<: *b\n  l: 2\nv:\n  <<: *c\n  k: 9",
    "b: &b {k: 2}\nv:\n  <<: [[*b]]", "v: {<<: {a: 1}, b: 2}", "v: {b: 2, <<: {a: 1, b: 3}}", "b: &b {}\nv:\n  <<: *b", "v:\n  <<: {}\n", "v:\n  <<: []\n",
    "b: &b {k: {x: 1}}\nv:\n  <<: *b\n  k: {y: 2}",
    // anchors
    "a: &x 1\nb: *x", "a: &x {p: [1, 2]}\nb: *x\nc: *x", "a: &x [*x]", "a: &x {k: *x}", "a: &x\n  <<: *x", "a: *x\nb: &x 1", "a: &x 1\nb: &x 2\nc: *x", "a: &x yes\n*x : 1", "&k a: 1\nb: *k",
    "a: &x {k: v}\n*x : 1", "a: &x-y.z 1\nb: *x-y.z", "a: &x\nb: *x", "- &a 1\n- *a", "a: &x !!str 1\nb: *x", "a: !!str &x 1\nb: *x", "a: &é 1\nb: *é", "a: [&x 1, *x]", "a: *x ", "a: & 1", "a: &x &y 1",
    // block scalars
    "v: |\n  a\n  b", "v: |-\n  a\n  b", "v: |+\n  a\n\n\nw: 1", "v: >\n  a\n  b\n\n  c\n   d\n  e", "v: >-\n  a\n  b", "v: >+\n  a\n\nw: 1", "v: |2\n    a\n   b", "v: |1\n a", "v: |\n   a\n  b", "v: |\n\n  a", "v: |\n    \n  a",
    "v: |\n  a\n \n  b", "v: |", "v: >", "v: |-", "v: | # c\n  a", "v: |#c\n  a", "v: |x\n  a", "v: |0\n  a", "v: |10\n  a", "v: |+1\n  a", "v: |1+\n  a", "v: |\n  \ta", "v: |\n\ta", "v: |\n  a\n\tb", "v: >\n  a\n\n\n  b", "v: >\n\n  a", "v: >\n  a  \n  b",
    "v: >\n  a\n    b\n  c", "v: |\n  # no comment\n  a: b", "v: |\n a\nw: 1", "- |\n a\n- >\n b", "v: |\n  a\u{2028}b", "v: |\n  a\u{85}b", "v: >\n  a\u{2028}b",
    // flow and multi-line plain and quoted
    "v: a\n  b\n  c", "v: a\n\n  b", "v:\n  a\n  b", "v: \"a\n  b\"", "v: \"a\n\n  b\"", "v: \"a \\\n  b\"", "v: 'a\n  b'", "v: 'a\n\n  b'", "v: \"a\\\n    \\  b\"", "v: a # c\n  b", "v: [1, 2,]", "v: [1, , 2]", "v: [,]", "v: {a: 1, b}", "v: {a, b: }",
    "v: {a:1}", "v: {a: 1,}", "v: {\"a\":1}", "v: {'a':1}", "v: [a: 1]", "v: [a: 1, b]", "v: [? a : 1]", "v: {? a : 1}", "v: {? a}", "v: {: a}", "v: [: a]", "v: [a b, c]", "v: [a:b]", "v: {a:b: c}", "v: [http://x/y]", "v: {u: http://x:80/y}", "v: [a#b, c]", "v: [a #b\n  ]",
    "v: [\n  1,\n  2\n  ]", "v: [\n1]", "v: {\na: 1}", "v: [[1], {a: [2]}]", "v: [\"a\":b]", "v: {a: [}", "v: [}", "v: ]", "v: [1", "v: {", "v: \"a", "v: 'a", "v: [- a]", "v: [-1, -a]", "v: {-: 1}", "v: [?a]", "v: [a?]", "v: {a?: b}", "v: [a, b]: c", "v: {a: *x}", "v: [!!str 1]", "v: [ ]", "v: { }", "v: [a\n b]",
    "v: {a: b\n  c}", "v: [a, 'b', \"c\", |]", "v: [1:2]", "v: {1:2}", "v: {a: }", "v: [a: ]",
    // explicit keys, nesting, indentation
    "? a\n: b", "? a", "? a\n? b", "? |\n  a\n: b", "? a\n: - 1\n  - 2", "? - a\n: b", "v:\n- 1\n- 2", "v:\n  - 1\n  -\n  - 2", "v:\n  - - 1\n    - 2", "v:\n  - a: 1\n    b: 2\n  - c", "v:\n  -\n    a: 1", "v:\n  - a:\n    - 1", "v: - 1", "v: a: b", "v:\n a: 1\n  b: 2", "v:\n  a: 1\n b: 2", "v:\n\ta: 1", "v:\n  a:\t1", "v:\n  -\t1", "v:\n  - a\n   - b", "v:\n - a\n- b",
    "a\nb: 1", "a", "- a\nb: 1", "a: 1\n- b", "\"a\" \"b\": 1", "\"a\" : 1", "a : 1", "a: 1 b: 2", "a: b:", "a: 'b' c", "a: \"b\" # c", "a: \"b\"#c", "a: [1]x", "a: {b: 1} # c", "# only\na: 1 # c\n# end", "a:\n# c\n  b: 1", "a:  # c\n  b: 1", "a: &x # c\n  b: 1", "a: !!map # c\n  b: 1", "a: !!seq [1]", "a: !!map {b: 1}",
    "a: !!str\nb: 1", "a: !!str # c", "a: !!str |\n  1", "a: !!int |\n  1", "a: !!binary |\n  aGVs\n  bG8=", "\"a\\\nb\": 1", "%YAML 1.1", "...",
    // long keys: a simple key has at most 1024 characters
    "?", ": a", "-", "- ", "a:\n  - b:\n  - c:", "a: >2\n      x\n    y",
];

const BYTE_PARTS: &[&[u8]] = &[b"v: \x01", b"v: \"\x1b\"", b"v: a\r", b"v: a\rw: b", b"v: |\n  a\r\n  b\r", b"v: a\x00b"];

const FILES: &[&str] = &[
    "@YAML@", "@YAML@spec: 1", "---\n@YAML@", "--- \n@YAML@", "--- # c\n@YAML@", "---\t\n@YAML@", "\n\n---\n@YAML@", "# c\n---\n@YAML@", "# c\n\n---\n# d\n---\n@YAML@---\n# e\n", "---\n---\n---\n@YAML@---\n---\n", "@YAML@---\n@YAML@---\n@YAML@", "@YAML@--- #x\n@YAML@",
    "@YAML@---x\n@YAML@", "@YAML@--- x\n@YAML@", "@YAML@----\n@YAML@", "@YAML@ ---\n", "@YAML@...\n", "@YAML@...\n---\n@YAML@", "@YAML@...\n# c\n", "%YAML 1.1\n---\n@YAML@", "%TAG ! tag:x,2000:\n---\n@YAML@", "\u{feff}@YAML@", "\u{feff}---\n@YAML@", "@YAML@---\n\u{feff}@YAML@", "\u{feff}# c\n@YAML@",
    "@YAML@spec: |\n  a\n---\n@YAML@", "@YAML@spec: |\n  a\n  ---\n  b\n", "@YAML@spec: \"a\n---\nb\"\n", "@YAML@spec: |\n  a\n  b", "@YAML@spec: |+\n  a\n\n", "@YAML@spec: |\n  a\n\n\n---\n@YAML@", "@YAML@spec: >\n  a\n  b", "@YAML@spec: |\n  a  ", "@YAML@spec: x\n---", "---", "--- ",
    "@YAML@---\nnull\n---\n~\n---\n@YAML@", "@YAML@---\n{}\n", "@YAML@---\n[]\n", "@YAML@---\nx\n", "@YAML@---\n5\n", "\t\n@YAML@", "@YAML@\t\n", "@YAML@\u{2028}spec: 1", "@YAML@\u{85}spec: 1", "@YAML@spec: \"\\\n---\n\"", "@YAML@---\u{a0}\n@YAML@", "---\u{a0}\n@YAML@", "@YAML@---\u{c}\n@YAML@",
    // JSON
    "{@JSON@}", "  \n\t{@JSON@}\n", "{@JSON@}{@JSON@}", "{@JSON@}\n{@JSON@}\n{@JSON@}", "{@JSON@}\n---\n{@JSON@}\n", "{@JSON@}{@JSON@}\n---\n{@JSON@}", "{@JSON@}---\n{@JSON@}", "{@JSON@}\n---\n@YAML@", "@YAML@---\n{@JSON@}", "{@JSON@,\"a\":1,\"a\":2}", "{@JSON@,\"a\":\"\\/\"}", "{@JSON@}\n---\n{@JSON@,\"a\":\"\\/\"}", "---\n{@JSON@,\"a\":\"\\/\"}",
    "{@JSON@,\"a\":\"\\ud83d\\ude00\"}", "{@JSON@,\"a\":\"\\ud800\"}", "{@JSON@,\"a\":\"\\ud800\\u0041\"}", "{@JSON@,\"a\":\"\\udc00\\ud800\"}", "{@JSON@,\"a\":\"\\ud800\\ud83d\\ude00\"}", "{@JSON@,\"a\":[1.0,1e3,-0,-0.0,1e20,1e21,9223372036854775807,9223372036854775808,-9223372036854775809,0.1,1E2,1e-7]}", "{@JSON@,\"a\":1e999}", "{@JSON@,\"a\":01}", "{@JSON@,\"a\":.5}", "{@JSON@,\"a\":+1}", "{@JSON@,\"a\":1.}",
    "{@JSON@,}", "{@JSON@,\"a\":[1,]}", "{@JSON@,a: 1}", "{@JSON@,\"a\":yes}", "{@JSON@,\"a\":null,\"b\":true,\"c\":false}", "{@JSON@,\"a\":nul}", "{@JSON@} # c", "{@JSON@} # comment", "{@JSON@} #c\n", "{@JSON@}\n#", "{@JSON@}  \n\n#", "{@JSON@}\n# c\n", "{@JSON@}\n\n\n---\n{@JSON@}", "{@JSON@,\"a\":\"\u{7f}\u{85}\u{2028}\u{fffe}\"}", "{@JSON@,\"a\":\"\t\"}", "{@JSON@,\"a\":\"\n\"}", "{@JSON@,\"\":1,\"\\u0000\":2,\"<<\":{\"b\":1},\"y\":3}", "{@JSON@,\"a\":{},\"b\":[],\"c\":\"\"}", "\u{feff}{@JSON@}",
    "{@JSON@", "{@JSON@}}", "{@JSON@}{@JSON@}}", "{@JSON@}]", "{@JSON@,\"a\":\"\\x41\"}", "{@JSON@,\"a\":\"\\u12\"}", "{@JSON@,'a':1}", "{@JSON@,\"a\" : \"b\" , \"c\" :[ 1 , 2 ] }", "\u{85}{@JSON@}", "{@JSON@,\n# c\n\"a\":1}", "{@JSON@}\n@YAML@", "{@JSON@}\r\n---\r\n{@JSON@}\r\n", "{@JSON@} {@JSON@} x",
];

const BYTE_FILES: &[&[u8]] = &[
    b"@YAML@spec:\r\n  a: |\r\n    x\r\n    y\r\n  b: \"p\r\n    q\"\r\n---\r\n@YAML@",
    b"@YAML@spec: |\r\r\n  a\r\r\n  b\r\r\n",
    b"@YAML@spec: a\rb: c\r",
    b"@YAML@---\r@YAML@",
    b"@YAML@\x00",
    b"@YAML@# \x01\n",
    b"\xef\xbb\xbf{@JSON@,\"a\":\"\\/\"}",
    b"\xef\xbb\xbf\xef\xbb\xbf@YAML@",
    b"@YAML@---\n# \x07\n",
    b"\xff\xfea\x00",
    b"\xefx\n@YAML@",
    "全: 1\n@YAML@".as_bytes(),
    "：: 1\n@YAML@".as_bytes(),
];

/// Stated exceptions, parts: tags that go-yaml ignores, and a colon before a closing bracket.
const REFUSED_PARTS: &[&str] = &[
    "a: !custom x",
    "a: !custom {b: 1}",
    "a: !!set {b, c}",
    "a: !!omap [b: 1]",
    "a: !!timestamp 2020-01-01",
    "a: !!map x",
    "a: !!seq {b: 1}",
    "a: !<x> b",
    "v: [a:]",
    "v: {a:}",
];

/// Stated exceptions, bytes: what is no UTF-8, which kubectl replaces by U+FFFD.
const REFUSED_BYTES: &[&[u8]] = &[b"v: \xff", b"v: \"\xc3\"", b"v: \xed\xa0\x80", b"v: 1 # \xff"];

/// Stated exceptions, files: text that kubectl drops in silence.
const REFUSED_FILES: &[&str] = &["@YAML@...\nspec: 1\n", "{@JSON@, a: 1}\n{@JSON@}\n"];

/// Pieces of random snippets.
pub(super) const TOKENS: &[&str] = &[
    "a", "b", "c: ", "a: ", "b: ", "k: v\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n ", " ", " ", "- ", "- ", "-", ": ", ":", "? ", "?", "[", "]", "{", "}", ",", ", ", "#", " # c", "'", "'x'", "\"",
    "\"x\"", "\\", "\\n", "|", "|\n", "|-\n  x\n", ">", ">\n", ">+\n  x\n\n", "&x ", "*x", "*x ", "!!str ", "!!int ", "!", "<<: ", "<<: *x\n", "%", "@", "`", "\t", "1", "0x1", "08", "yes", "~", "null", "1e3", ".5", "_", "1_0",
    "\u{85}", "\u{2028}", "\u{feff}", "é", "😀", "\u{a0}", "\r", "\r\n", "--- ", "---\n", "...", "=", "<<", "2020-01-01", "x y", "x:y", "x #y", "http://h/p", "a: 1\n", "b:\n  - 1\n", "b:\n- 1\n", "b: [1, 2]\n", "b: {c: d}\n", "a: &x {k: 2}\n",
];
