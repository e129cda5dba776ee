// Package v20170312 stands in for the client of one cloud's VPC service. flannel's tencent-vpc backend is
// compiled against it; kboot does not offer that backend, and every call here says so.
package v20170312

import "errors"

var errLeftOut = errors.New("the tencent-vpc backend is not part of this build of flannel")

// Filter narrows a request.
type Filter struct {
	Name   *string
	Values []*string
}

// Route is one entry of a route table.
type Route struct {
	RouteId, DestinationCidrBlock, GatewayType, GatewayId, RouteType *string
	Enabled                                                          *bool
}

// RouteTable is a route table.
type RouteTable struct {
	RouteTableId *string
	RouteSet     []*Route
}

// DescribeRouteTablesRequest asks for route tables.
type DescribeRouteTablesRequest struct{ Filters []*Filter }

// DescribeRouteTablesResponse has the route tables.
type DescribeRouteTablesResponse struct {
	Response *struct{ RouteTableSet []*RouteTable }
}

// DeleteRoutesRequest deletes routes.
type DeleteRoutesRequest struct {
	RouteTableId *string
	Routes       []*Route
}

// CreateRoutesRequest creates routes.
type CreateRoutesRequest DeleteRoutesRequest

// RoutesResponse answers a change of routes.
type RoutesResponse struct{}

// Client refuses every call.
type Client struct{}

// NewClientWithSecretId returns a client that refuses every call.
func NewClientWithSecretId(_, _, _ string) (*Client, error) { return &Client{}, nil }

// NewDescribeRouteTablesRequest returns an empty request.
func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest { return &DescribeRouteTablesRequest{} }

// NewDeleteRoutesRequest returns an empty request.
func NewDeleteRoutesRequest() *DeleteRoutesRequest { return &DeleteRoutesRequest{} }

// NewCreateRoutesRequest returns an empty request.
func NewCreateRoutesRequest() *CreateRoutesRequest { return &CreateRoutesRequest{} }

// DescribeRouteTables fails.
func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errLeftOut
}

// DeleteRoutes fails.
func (*Client) DeleteRoutes(*DeleteRoutesRequest) (*RoutesResponse, error) { return nil, errLeftOut }

// CreateRoutes fails.
func (*Client) CreateRoutes(*CreateRoutesRequest) (*RoutesResponse, error) { return nil, errLeftOut }
