//! Where manifests come from: a directory, a commit of a repository, a stream. Everything is read through [`tree::FileTree`].

pub mod tree;
