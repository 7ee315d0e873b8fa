package span

// RAGIngestion is one pass of documents into a vector store.
type RAGIngestion struct {
	PipelineName      string `json:"pipelineName,omitempty"`
	SourceCount       *int   `json:"sourceCount,omitempty"`
	VectorStore       string `json:"vectorStore,omitempty"`
	IndexName         string `json:"indexName,omitempty"`
	EmbeddingModel    string `json:"embeddingModel,omitempty"`
	EmbeddingProvider string `json:"embeddingProvider,omitempty"`
}

// SpanType returns [TypeRAGIngestion].
func (RAGIngestion) SpanType() Type { return TypeRAGIngestion }

// AppendJSON appends the attributes as one JSON object.
func (a RAGIngestion) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("pipelineName", a.PipelineName)
	o.int("sourceCount", a.SourceCount)
	o.text("vectorStore", a.VectorStore)
	o.text("indexName", a.IndexName)
	o.text("embeddingModel", a.EmbeddingModel)
	o.text("embeddingProvider", a.EmbeddingProvider)
	return o.close()
}

// RAGEmbedding is one call of an embedding model.
type RAGEmbedding struct {
	Model      string `json:"model,omitempty"`
	Provider   string `json:"provider,omitempty"`
	Dimensions *int   `json:"dimensions,omitempty"`
	InputCount *int   `json:"inputCount,omitempty"`
	Mode       string `json:"mode,omitempty"` // ingest or query
	Usage      *Usage `json:"usage,omitempty"`
}

// SpanType returns [TypeRAGEmbedding].
func (RAGEmbedding) SpanType() Type { return TypeRAGEmbedding }

// AppendJSON appends the attributes as one JSON object.
func (a RAGEmbedding) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("model", a.Model)
	o.text("provider", a.Provider)
	o.int("dimensions", a.Dimensions)
	o.int("inputCount", a.InputCount)
	o.text("mode", a.Mode)
	a.Usage.write(&o, "usage")
	return o.close()
}

// RAGVectorOperation is one operation on a vector store.
type RAGVectorOperation struct {
	Operation  string `json:"operation,omitempty"` // query, upsert, delete or fetch
	Store      string `json:"store,omitempty"`
	IndexName  string `json:"indexName,omitempty"`
	TopK       *int   `json:"topK,omitempty"`
	Dimensions *int   `json:"dimensions,omitempty"`
}

// SpanType returns [TypeRAGVectorOperation].
func (RAGVectorOperation) SpanType() Type { return TypeRAGVectorOperation }

// AppendJSON appends the attributes as one JSON object.
func (a RAGVectorOperation) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("operation", a.Operation)
	o.text("store", a.Store)
	o.text("indexName", a.IndexName)
	o.int("topK", a.TopK)
	o.int("dimensions", a.Dimensions)
	return o.close()
}

// RAGAction is one step between documents and answer.
type RAGAction struct {
	Action         string `json:"action,omitempty"` // chunk, extract_metadata or rerank
	Strategy       string `json:"strategy,omitempty"`
	ChunkSize      *int   `json:"chunkSize,omitempty"`
	ChunkOverlap   *int   `json:"chunkOverlap,omitempty"`
	Extractor      Value  `json:"extractor,omitempty"`
	Model          string `json:"model,omitempty"`
	Provider       string `json:"provider,omitempty"`
	CandidateCount *int   `json:"candidateCount,omitempty"`
	TopN           *int   `json:"topN,omitempty"`
	Scorer         Value  `json:"scorer,omitempty"`
}

// SpanType returns [TypeRAGAction].
func (RAGAction) SpanType() Type { return TypeRAGAction }

// AppendJSON appends the attributes as one JSON object.
func (a RAGAction) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("action", a.Action)
	o.text("strategy", a.Strategy)
	o.int("chunkSize", a.ChunkSize)
	o.int("chunkOverlap", a.ChunkOverlap)
	o.value("extractor", a.Extractor)
	o.text("model", a.Model)
	o.text("provider", a.Provider)
	o.int("candidateCount", a.CandidateCount)
	o.int("topN", a.TopN)
	o.value("scorer", a.Scorer)
	return o.close()
}

// GraphAction is one operation on a graph of documents.
type GraphAction struct {
	Action     string   `json:"action,omitempty"` // build, traverse, update or prune
	NodeCount  *int     `json:"nodeCount,omitempty"`
	EdgeCount  *int     `json:"edgeCount,omitempty"`
	Threshold  *float64 `json:"threshold,omitempty"`
	StartNodes Value    `json:"startNodes,omitempty"`
	MaxDepth   *int     `json:"maxDepth,omitempty"`
}

// SpanType returns [TypeGraphAction].
func (GraphAction) SpanType() Type { return TypeGraphAction }

// AppendJSON appends the attributes as one JSON object.
func (a GraphAction) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("action", a.Action)
	o.int("nodeCount", a.NodeCount)
	o.int("edgeCount", a.EdgeCount)
	o.float("threshold", a.Threshold)
	o.value("startNodes", a.StartNodes)
	o.int("maxDepth", a.MaxDepth)
	return o.close()
}
