//! Every reason that the sources give for an error, read from where it is given.

use std::{fs, path::Path};

use syn::{
    Attribute, Expr, ExprCall, ExprPath, ExprTuple, File, Item, ItemFn, ItemMod, Lit, LitStr, Meta,
    visit::{self, Visit},
};

/// What makes a status with a reason: the frame's functions, and those of a file's own that hand on to them.
const MAKERS: [&str; 5] = ["status", "retry_later", "with_error_info", "with", "shed"];

/// A stable reason.
#[derive(Debug, Default)]
pub(crate) struct Reason {
    /// As ErrorInfo has it.
    pub(crate) name: String,
    /// As `tonic::Code` spells it.
    pub(crate) code: String,
    /// Whether a RetryInfo tells when to come again.
    pub(crate) retry: bool,
    /// What the metadata of ErrorInfo tells.
    pub(crate) metadata: Vec<String>,
    /// The variant's documentation: what it means, and after an empty line what a caller does.
    pub(crate) text: String,
}

/// The reasons of a service's one enum of errors, in its order.
pub(crate) fn of_errors(file: &Path) -> Vec<Reason> {
    let source = parse(file);
    let error = source.items.iter().find_map(|item| match item {
        Item::Enum(each) if each.ident == "Error" => Some(each),
        _ => None,
    });
    let mut arms = Arms::default();
    arms.visit_file(&source);
    let error = error.unwrap_or_else(|| panic!("{} has no enum Error", file.display()));
    let variants = error.variants.iter().map(|variant| {
        let name = variant.ident.to_string();
        let arm = arms.0.iter().position(|(pattern, _)| *pattern == name);
        let arm = arm.unwrap_or_else(|| panic!("Error::{name} of {} becomes no status", file.display()));
        let (_, reason) = arms.0.swap_remove(arm);
        Reason { text: documentation(&variant.attrs), ..reason }
    });
    variants.collect()
}

/// The reasons that are given in a folder's files, but for enums of errors and tests.
pub(crate) fn in_sources(folder: &Path, found: &mut Vec<Reason>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            in_sources(&path, found);
        } else if name != "error" && path.extension().is_some_and(|it| it == "rs") {
            let mut sources = Sources(found);
            sources.visit_file(&parse(&path));
        }
    }
}

fn parse(file: &Path) -> File {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The arms of `match error` by the variant that each is for.
#[derive(Default)]
struct Arms(Vec<(String, Reason)>);

impl Visit<'_> for Arms {
    fn visit_arm(&mut self, arm: &syn::Arm) {
        let path = match &arm.pat {
            syn::Pat::Path(ExprPath { path, .. }) => path,
            syn::Pat::TupleStruct(tuple) => &tuple.path,
            syn::Pat::Struct(fields) => &fields.path,
            _ => return,
        };
        let mut made = Made::default();
        made.visit_expr(&arm.body);
        if let Some(reason) = made.reasons().pop() {
            self.0.push((path.segments.last().unwrap().ident.to_string(), reason));
        }
    }
}

/// The functions of a file; what is given in one of them is judged together.
struct Sources<'a>(&'a mut Vec<Reason>);

impl Visit<'_> for Sources<'_> {
    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &ItemFn) {
        self.judge(&function.block);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.judge(&function.block);
    }
}

impl Sources<'_> {
    fn judge(&mut self, block: &syn::Block) {
        let mut made = Made::default();
        made.visit_block(block);
        self.0.extend(made.reasons());
    }
}

/// What an expression makes of errors.
#[derive(Default)]
struct Made {
    given: Vec<Reason>,
    codes: Vec<String>,
    metadata: Vec<String>,
}

impl Made {
    /// Those without a code of their own have the first one around them.
    fn reasons(self) -> Vec<Reason> {
        let mut reasons = self.given;
        for reason in &mut reasons {
            if reason.code.is_empty() {
                reason.code =
                    self.codes.first().cloned().unwrap_or_else(|| panic!("{} has no code", reason.name));
            }
            reason.metadata.clone_from(&self.metadata);
        }
        reasons
    }
}

impl Visit<'_> for Made {
    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let Expr::Path(function) = &*call.func {
            let maker = function.path.segments.last().unwrap().ident.to_string();
            let name = call.args.iter().filter_map(literal).find(|it| is_reason(it));
            if let (true, Some(name)) = (MAKERS.contains(&&*maker), name) {
                let code = call.args.iter().find_map(code).unwrap_or_default();
                let retry = maker == "retry_later" || maker == "shed";
                self.given.push(Reason { name, code, retry, ..Reason::default() });
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_path(&mut self, path: &ExprPath) {
        self.codes.extend(code(&Expr::Path(path.clone())));
    }

    fn visit_expr_tuple(&mut self, tuple: &ExprTuple) {
        let key = match tuple.elems.first() {
            Some(Expr::MethodCall(call)) => literal(&call.receiver),
            Some(key) => literal(key),
            None => None,
        };
        self.metadata.extend(key);
        visit::visit_expr_tuple(self, tuple);
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => Some(LitStr::value(text)),
        _ => None,
    }
}

fn is_reason(text: &str) -> bool {
    text.len() > 3 && text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

/// `NotFound` of `Code::NotFound`.
fn code(expression: &Expr) -> Option<String> {
    let Expr::Path(ExprPath { path, .. }) = expression else { return None };
    let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match &*words {
        [.., code, name] if code == "Code" => Some(name.clone()),
        _ => None,
    }
}

fn documentation(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
            let Meta::NameValue(pair) = &attribute.meta else { return None };
            literal(&pair.value)
        });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}
