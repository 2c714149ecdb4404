/** A double of the module that the SDK makes of the manifests' `config`: its manifest of the older module `file` adds this. */
export default Object.freeze({ file: Object.freeze({ root: "/mod/" }) })
