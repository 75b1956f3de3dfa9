//! The pages of the API: written from the contract, the policy rows and the error enums (`make docs`), and held to them.

mod contract;
mod errors;
mod frame;
mod markdown;
mod method;
mod overview;
mod reasons;
mod service;

use std::{collections::BTreeMap, fs, path::Path};

/// Says to write what is not as it should be.
const WRITE: &str = "API_PAGES";

#[test]
#[expect(clippy::disallowed_methods, reason = "`make docs` says to write, and it is no setting of a program")]
fn the_pages_of_the_api_say_what_the_contract_the_policy_and_the_errors_say() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let folder = root.join("docs/api");

    let made = pages(root);
    if std::env::var(WRITE).is_ok_and(|it| it == "write") {
        write(&folder, &made);
    }
    let kept = kept(&folder);

    let stale: Vec<&String> =
        made.iter().filter(|&(name, page)| kept.get(name) != Some(page)).map(|it| it.0).collect();
    let strange: Vec<&String> = kept.keys().filter(|name| !made.contains_key(*name)).collect();
    assert!(
        stale.is_empty(),
        "docs/api is not of today's contract, policy and errors: run make docs for {stale:?}"
    );
    assert!(strange.is_empty(), "nothing makes these pages of docs/api any more: {strange:?}");
}

/// Every page by its name.
fn pages(root: &Path) -> BTreeMap<String, String> {
    let contract = contract::Contract::read(root);
    let mut pages: BTreeMap<String, String> =
        contract.services().map(|service| (format!("{}.md", service.short()), service.page())).collect();
    pages.insert("errors.md".to_owned(), errors::page(root));
    pages.insert("README.md".to_owned(), overview::page(&contract));
    pages
}

fn kept(folder: &Path) -> BTreeMap<String, String> {
    let Ok(files) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    files
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().into_string().unwrap(), read(&file.path())))
        .collect()
}

fn write(folder: &Path, pages: &BTreeMap<String, String>) {
    fs::create_dir_all(folder).unwrap();
    for name in kept(folder).keys().filter(|name| !pages.contains_key(*name)) {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, page) in pages {
        fs::write(folder.join(name), page).unwrap();
    }
}
