//! Trees — gradient-boosted trees from a plain file: read, checked, evaluated.
//!
//! Source: Friedman, Annals of Statistics 29(5), 2001. The rules are those of scikit-learn's
//! `GradientBoostingClassifier`: features are compared as 32-bit numbers, `x <= threshold` goes
//! left, the log-odds are the prior's plus the learning rate times the sum of the leaves. A missing
//! feature (not a number) goes left.
//!
//! The file is one JSON object: `schema`, `sha256` of the bytes of `model` as they stand in the
//! file, and `model` itself: feature names in order, `missing`, prior log-odds, learning rate,
//! trees as columns of nodes, input-output pairs that must come out again, and `loss_bps` where the
//! positive class is a loss.

use crate::error::CoreError;
use serde::de::IgnoredAny;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Digest;
use sha2::Sha256;
use std::fmt::Write;

/// The one format that is read.
pub const TREES_SCHEMA: &str = "botmm.trees/1";

const MISSING: &str = "left";
const TREES_MAX: usize = 10_000;
const NODES_MAX: usize = 1_000_000;
const FEATURES_MAX: usize = 256;
/// How close the pairs in the file must come out.
const CHECK_TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText<'a> {
    schema: String,
    sha256: String,
    #[serde(borrow)]
    model: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelText {
    features: Vec<String>,
    missing: String,
    prior_log_odds: f64,
    learning_rate: f64,
    trees: Vec<TreeText>,
    checks: Vec<CheckText>,
    /// What the positive class loses on the average, in basis points.
    #[serde(default)]
    loss_bps: Option<f64>,
    /// For people: where the model comes from.
    #[serde(default, rename = "about")]
    _about: IgnoredAny,
}

/// Columns of nodes; a leaf has -1 for both children, and only a leaf's value counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeText {
    feature: Vec<i64>,
    threshold: Vec<f64>,
    left: Vec<i64>,
    right: Vec<i64>,
    value: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckText {
    row: Vec<f64>,
    probability: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Node {
    Leaf(f64),
    Split { feature: u32, threshold: f64, left: u32, right: u32 },
}

/// A classifier of two classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    features: Vec<String>,
    prior: f64,
    rate: f64,
    /// Nodes of all trees; children stand after their parents.
    nodes: Vec<Node>,
    /// Where each tree starts.
    roots: Vec<u32>,
    loss_bps: Option<f64>,
    sha256: String,
}

impl Trees {
    /// Read a model. `file` names it in messages; `features` are the names that the caller will
    /// feed, in order.
    ///
    /// # Errors
    /// [`CoreError::Model`] for text that is not of the schema, a digest that does not match, other
    /// features, a rule for missing values that is not ours, trees that are not trees, and pairs
    /// that do not come out.
    pub fn from_json(file: &str, text: &str, features: &[&str]) -> Result<Self, CoreError> {
        read(text, features).map_err(|why| CoreError::Model { file: file.to_owned(), why })
    }

    /// Names of the features, in order.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// What the positive class loses on the average, in basis points, where the file says so.
    #[must_use]
    pub fn loss_bps(&self) -> Option<f64> {
        self.loss_bps
    }

    /// Digest of the model, for reports and journals.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Chance of the positive class.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a row of another length than the features.
    pub fn probability(&self, row: &[f64]) -> Result<f64, CoreError> {
        if row.len() != self.features.len() {
            let why = format!("needs {} features, had {}", self.features.len(), row.len());
            return Err(CoreError::BadArgument { name: "row", why });
        }
        let mut log_odds = self.prior;
        for root in &self.roots {
            log_odds += self.rate * self.leaf(*root, row);
        }
        Ok(1.0 / (1.0 + libm::exp(-log_odds)))
    }

    fn leaf(&self, root: u32, row: &[f64]) -> f64 {
        let mut at = root;
        // Children stand after their parents, so this ends.
        loop {
            match self.nodes[at as usize] {
                Node::Leaf(value) => return value,
                Node::Split { feature, threshold, left, right } => {
                    let right_of = f64::from(row[feature as usize] as f32) > threshold;
                    at = if right_of { right } else { left };
                }
            }
        }
    }

    fn check(&self, at: usize, check: &CheckText) -> Result<(), String> {
        let named = |error: CoreError| format!("checks[{at}]: {error}");
        let got = self.probability(&check.row).map_err(named)?;
        // Written so that a probability that is not a number fails too.
        if (got - check.probability).abs() <= CHECK_TOLERANCE {
            return Ok(());
        }
        Err(format!("checks[{at}] gives {got}, the file wants {}", check.probability))
    }
}

fn read(text: &str, features: &[&str]) -> Result<Trees, String> {
    let file: FileText<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if file.schema != TREES_SCHEMA {
        return Err(format!("schema must be {TREES_SCHEMA:?}, had {:?}", file.schema));
    }
    let sha256 = digest(file.model.get());
    if sha256 != file.sha256 {
        return Err(format!("sha256 is {sha256} but the file says {:?}: it changed", file.sha256));
    }
    let model: ModelText =
        serde_json::from_str(file.model.get()).map_err(|e| format!("model: {e}"))?;
    check_head(&model, features)?;
    let mut trees = Trees {
        features: model.features,
        prior: model.prior_log_odds,
        rate: model.learning_rate,
        nodes: Vec::new(),
        roots: Vec::with_capacity(model.trees.len()),
        loss_bps: model.loss_bps,
        sha256,
    };
    for (at, tree) in model.trees.iter().enumerate() {
        trees.roots.push(trees.nodes.len() as u32);
        append(&mut trees.nodes, tree, features.len())
            .map_err(|why| format!("trees[{at}]{why}"))?;
    }
    for (at, check) in model.checks.iter().enumerate() {
        trees.check(at, check)?;
    }
    Ok(trees)
}

fn check_head(model: &ModelText, features: &[&str]) -> Result<(), String> {
    let differs = (0..model.features.len().max(features.len()))
        .find(|at| model.features.get(*at).map(String::as_str) != features.get(*at).copied());
    if let Some(at) = differs {
        let show = |name: Option<&str>| name.map_or("none".to_owned(), |name| format!("{name:?}"));
        let (wanted, had) = (features.get(at).copied(), model.features.get(at));
        let had = show(had.map(String::as_str));
        return Err(format!("features[{at}] must be {}, had {had}", show(wanted)));
    }
    if features.is_empty() || features.len() > FEATURES_MAX {
        return Err(format!("needs 1 to {FEATURES_MAX} features, had {}", features.len()));
    }
    if model.missing != MISSING {
        return Err(format!("missing must be {MISSING:?}, had {:?}", model.missing));
    }
    for (name, value) in
        [("prior_log_odds", model.prior_log_odds), ("learning_rate", model.learning_rate)]
    {
        if !value.is_finite() {
            return Err(format!("{name} must be a number, had {value}"));
        }
    }
    if let Some(bps) = model.loss_bps.filter(|bps| !(bps.is_finite() && *bps >= 0.0)) {
        return Err(format!("loss_bps must be a number not below 0, had {bps}"));
    }
    if model.trees.is_empty() || model.trees.len() > TREES_MAX {
        return Err(format!("needs 1 to {TREES_MAX} trees, had {}", model.trees.len()));
    }
    if model.checks.is_empty() {
        return Err("checks are missing: needs pairs of row and probability".to_owned());
    }
    Ok(())
}

/// Append the nodes of one tree, each child once and after its parent.
fn append(nodes: &mut Vec<Node>, tree: &TreeText, features: usize) -> Result<(), String> {
    let (n, base) = (tree.value.len(), nodes.len());
    let columns = [tree.feature.len(), tree.threshold.len(), tree.left.len(), tree.right.len()];
    if n == 0 || columns.iter().any(|len| *len != n) {
        return Err(format!(": columns must have one length above 0, had {columns:?} and {n}"));
    }
    if base + n > NODES_MAX {
        return Err(format!(": more than {NODES_MAX} nodes in all"));
    }
    let mut parents = vec![0_u8; n];
    for at in 0..n {
        let (left, right) = (tree.left[at], tree.right[at]);
        if (left, right) == (-1, -1) {
            nodes.push(Node::Leaf(finite("value", at, tree.value[at])?));
            continue;
        }
        let feature = tree.feature[at];
        if !(0..features as i64).contains(&feature) {
            return Err(format!(".feature[{at}] must be 0 to {}, had {feature}", features - 1));
        }
        for (name, child) in [("left", left), ("right", right)] {
            if child <= at as i64 || child >= n as i64 {
                return Err(format!(
                    ".{name}[{at}] must be after its parent and below {n}, had {child}"
                ));
            }
            parents[child as usize] += 1;
            if parents[child as usize] > 1 {
                return Err(format!(".{name}[{at}] is {child}, which has a parent already"));
            }
        }
        nodes.push(Node::Split {
            feature: feature as u32,
            threshold: finite("threshold", at, tree.threshold[at])?,
            left: base as u32 + left as u32,
            right: base as u32 + right as u32,
        });
    }
    match (1..n).find(|at| parents[*at] == 0) {
        Some(orphan) => Err(format!(": node {orphan} has no parent")),
        None => Ok(()),
    }
}

fn finite(name: &str, at: usize, value: f64) -> Result<f64, String> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!(".{name}[{at}] must be a number, had {value}"))
    }
}

/// SHA-256 of a text, in hexadecimal.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEATURES: [&str; 2] = ["a", "b"];
    /// a <= 0.5: -1; else b <= 2: 1, else 3. One tree, rate 0.5, prior 0.25.
    const MODEL: &str = r#"{"features":["a","b"],"missing":"left","prior_log_odds":0.25,
        "learning_rate":0.5,"trees":[{"feature":[0,-2,1,-2,-2],"threshold":[0.5,-2,2,-2,-2],
        "left":[1,-1,3,-1,-1],"right":[2,-1,4,-1,-1],"value":[0,-1,0,1,3]}],
        "checks":[{"row":[0.0,0.0],"probability":0.4378234991142019}],"about":{"rows":10}}"#;

    fn sealed(model: &str) -> String {
        let sha256 = digest(model);
        format!(r#"{{"schema":"{TREES_SCHEMA}","sha256":"{sha256}","model":{model}}}"#)
    }

    fn loaded(text: &str) -> Result<Trees, CoreError> {
        Trees::from_json("fill.json", text, &FEATURES)
    }

    fn log_odds(trees: &Trees, row: [f64; 2]) -> f64 {
        let p = trees.probability(&row).expect("two features");
        libm::log(p / (1.0 - p))
    }

    #[test]
    fn rows_fall_through_the_tree_and_missing_goes_left() {
        let trees = loaded(&sealed(MODEL)).expect("valid");
        assert_eq!(trees.features(), FEATURES);
        let inf = f64::INFINITY;
        for (row, wanted) in [
            ([0.5, 9.0], -0.25),
            ([0.6, 2.0], 0.75),
            ([0.6, 2.1], 1.75),
            ([f64::NAN, 9.0], -0.25),
            ([inf, f64::NAN], 0.75),
            ([inf, inf], 1.75),
            ([-inf, inf], -0.25),
            // Nearer to 0.5 than 32 bits can tell.
            ([0.500_000_001, 9.0], -0.25),
        ] {
            assert!((log_odds(&trees, row) - wanted).abs() < 1e-12, "{row:?}");
        }
        assert!(trees.probability(&[1.0]).is_err());
    }

    #[test]
    fn a_file_that_is_not_what_it_says_is_refused() {
        let text = sealed(MODEL);
        let cases = [
            (text.replace("0.25", "0.26"), "sha256 is"),
            (text.replace("trees/1", "trees/2"), "schema must be \"botmm.trees/1\""),
            (text[..text.len() - 9].to_owned(), "EOF"),
            (text.replace("\"schema\"", "\"skema\""), "unknown field `skema`"),
        ];
        for (text, wanted) in cases {
            let error = loaded(&text).expect_err(wanted).to_string();
            assert!(error.starts_with("fill.json: ") && error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn each_wrong_model_is_refused_with_the_place() {
        let cases = [
            (r#""a","b""#, r#""b","a""#, "features[0] must be \"a\", had \"b\""),
            (r#""a","b""#, r#""a""#, "features[1] must be \"b\", had none"),
            (r#""a","b""#, r#""a","b","c""#, "features[2] must be none, had \"c\""),
            (r#""left","prior"#, r#""zero","prior"#, "missing must be \"left\", had \"zero\""),
            ("0,-2,1,-2,-2", "0,-2,2,-2,-2", "trees[0].feature[2] must be 0 to 1, had 2"),
            ("[1,-1,3,-1,-1]", "[0,-1,3,-1,-1]", "trees[0].left[0] must be after its parent"),
            ("[1,-1,3,-1,-1]", "[1,-1,2,-1,-1]", "trees[0].left[2] must be after its parent"),
            ("[1,-1,3,-1,-1]", "[1,-1,9,-1,-1]", "below 5, had 9"),
            ("[1,-1,3,-1,-1]", "[2,-1,3,-1,-1]", "trees[0].right[0] is 2, which has a parent"),
            ("[2,-1,4,-1,-1]", "[2,-1,-1,-1,-1]", "trees[0].right[2] must be after its parent"),
            ("[1,-1,3,-1,-1]", "[1,-1,3,-1]", "columns must have one length"),
            ("0.4378234991142019", "0.4378234991", "checks[0] gives 0.437823499114"),
            ("[0.0,0.0]", "[0.0]", "checks[0]: row: needs 2 features, had 1"),
            ("[0,-1,0,1,3]", "[0,-1,0,1,NaN]", "expected value"),
            ("[0,-1,0,1,3]", "[0,-1,0,1,1e999]", "model: number out of range"),
            (r#"{"row":[0.0,0.0],"probability":0.4378234991142019}"#, "", "checks are missing"),
            (r#""about":{"rows":10}"#, r#""code":"x""#, "unknown field `code`"),
        ];
        for (from, to, wanted) in cases {
            let model = MODEL.replacen(from, to, 1);
            assert_ne!(model, MODEL, "{from} is in the model");
            let error = loaded(&sealed(&model)).expect_err(wanted).to_string();
            assert!(error.starts_with("fill.json: ") && error.contains(wanted), "{error}");
        }
        let lonely = MODEL
            .replace("[1,-1,3,-1,-1]", "[1,-1,-1,-1,-1]")
            .replace("[2,-1,4,-1,-1]", "[2,-1,-1,-1,-1]");
        let error = loaded(&sealed(&lonely)).expect_err("orphans").to_string();
        assert!(error.contains("trees[0]: node 3 has no parent"), "{error}");
        let empty = Trees::from_json("f", &sealed(&MODEL.replace(r#""a","b""#, "")), &[]);
        assert!(empty.expect_err("no features").to_string().contains("needs 1 to 256 features"));
        let (start, end) =
            (MODEL.find("[{\"feature").expect("trees"), MODEL.find("}],").expect("end"));
        let bare = format!("{}[{}", &MODEL[..start], &MODEL[end + 1..]);
        let error = loaded(&sealed(&bare)).expect_err("no trees").to_string();
        assert!(error.contains("needs 1 to 10000 trees, had 0"), "{error}");
    }
}
